"""What the desktops have in common."""

from screen import Box
from session import Session, wait_until

NOTIFICATIONS = "org.freedesktop.Notifications"
WATCHER = "org.kde.StatusNotifierWatcher"


class Desktop:
    """What all have in common. Subclasses say what differs, and start it in `start`."""

    name = ""
    # The package whose version is the one of the notification server.
    package = ""
    services = ()
    # Where notifications and where the icons of the tray appear.
    area = Box(640, 34, 1280, 800)
    tray = Box(1000, 0, 1280, 30)
    # The mouse button that opens the menu of an icon, and whether the other one activates it.
    menu_button = 3
    left_click_activates = True
    has_buttons = True
    shows_low = True
    names_app = False
    closes_through = NOTIFICATIONS

    def __init__(self):
        self.session = Session(self.services)
        try:
            self.start()
            wait_until("a tray", lambda: self.session.has_owner(WATCHER), 60)
            wait_until("a notification server", lambda: self.session.has_owner(NOTIFICATIONS), 60)
        except BaseException:
            self.session.close()
            raise

    def start(self):
        raise NotImplementedError

    def restart_server(self):
        """Ends the notification server and starts another."""
        raise NotImplementedError

    def close(self):
        self.session.close()

    def picture(self):
        return self.screen.picture()

    def rest(self):
        """Takes the mouse away from everything."""
        self.screen.move(320, 500)

    def unfold(self, box):
        """Shows the buttons of a notification."""

    def click_on_body(self, box):
        """Chooses the default action."""
        self.screen.click(box.left + (box.right - box.left) // 2, box.top + 25)

    def wait_without_owner(self, name):
        wait_until(f"no {name}", lambda: not self.session.has_owner(name))
