"""The six desktops: how each is started, where its things are on the screen, and how one acts on a notification.

Every desktop has the settings that it comes with, except that animations and its own welcome are off.
"""

from desktops.gnome import Gnome
from desktops.plasma import Plasma
from desktops.sway import Mako, Swaync
from desktops.xfce import Dunst, Notifyd

ALL = (Gnome, Plasma, Mako, Swaync, Notifyd, Dunst)
