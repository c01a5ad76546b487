//! A terminal with a program on it, and a person who types and reads.
//!
//! Invariant: the program never outlives its value, none of its output is lost, and no wait is longer than [`TIMEOUT`].
//!
//! It is a pseudo terminal of the system: input goes through the kernel's line discipline, so echo, Ctrl-C and
//! raw mode are real. `setsid` (util-linux) makes it the controlling terminal of a shell, which starts the
//! program, as in real use: when the first process of a session ends, the system discards the output it wrote last.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

/// Far longer than anything here takes, even on a busy machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// Starts the program, reports how it ended, and keeps the terminal until it is killed.
const SHELL: &str =
    r#"trap : HUP INT TERM; "$@"; code=$?; echo; echo "[ended: $code]"; while :; do read -r _ || :; done"#;
const ENDED: &str = "\n[ended: ";

pub(crate) const ENTER: &str = "\r";
pub(crate) const DOWN: &str = "\x1b[B";
pub(crate) const BACKSPACE: &str = "\x7f";
pub(crate) const CTRL_A: &str = "\x01";
pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const CTRL_D: &str = "\x04";
pub(crate) const CTRL_E: &str = "\x05";
pub(crate) const CTRL_K: &str = "\x0b";
pub(crate) const CTRL_U: &str = "\x15";
pub(crate) const CTRL_W: &str = "\x17";
pub(crate) const CTRL_Y: &str = "\x19";
pub(crate) const ESC: &str = "\x1b";

/// A terminal of 80 columns.
pub(crate) struct Terminal {
    keyboard: File,
    master: OwnedFd,
    shell: Child,
    shown: Arc<Shown>,
    /// The terminal's settings before the program started.
    before: String,
    /// How far the person has read.
    read: usize,
}

#[derive(Default)]
struct Shown {
    bytes: Mutex<Vec<u8>>,
    more: Condvar,
}

/// The result of a program that ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The exit code as a shell reports it: 128 and more for a signal.
    pub(crate) code: i32,
    /// Everything that was shown, without colours and cursor movements.
    pub(crate) text: String,
    /// The same with them.
    pub(crate) raw: String,
    /// Whether the terminal's settings are the same as before.
    pub(crate) is_restored: bool,
}

impl Terminal {
    /// Starts a program on a terminal of its own.
    pub(crate) fn start(program: &Command) -> Self {
        let (master, slave) = pair();
        let master = OwnedFd::from(master);
        let before = settings(&master);

        let mut command = Command::new("setsid");
        command.args(["--ctty", "sh", "-c", SHELL, "sh"]).arg(program.get_program()).args(program.get_args());
        command.env_clear();
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let copy = || slave.try_clone().expect("copy a file descriptor");
        command.stdin(copy()).stdout(copy()).stderr(copy());
        let shell = command.spawn().expect("start the program: is the package `util-linux` installed?");
        drop((command, slave));

        let shown = Arc::new(Shown::default());
        let screen = File::from(master.try_clone().expect("copy a file descriptor"));
        std::thread::spawn({
            let shown = Arc::clone(&shown);
            move || shown.fill(screen)
        });
        let keyboard = File::from(master.try_clone().expect("copy a file descriptor"));
        Self { keyboard, master, shell, shown, before, read: 0 }
    }

    /// Types.
    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("type");
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, text: &str) {
        self.type_keys(&format!("{text}{ENTER}"));
    }

    /// Reads until a text is shown; returns what was shown up to then and not read before.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str) -> String {
        let read = self.read;
        let found =
            |text: &str| text.get(read..).and_then(|new| new.find(what)).map(|at| read + at + what.len());
        let text = self.shown.wait(|text| found(text).is_some());
        let Some(end) = found(&text) else {
            let new = text.get(read..).unwrap_or_default();
            panic!("not shown within {TIMEOUT:?}: {what:?}, but: {new}")
        };
        self.read = end;
        text.get(read..end).unwrap_or_default().to_owned()
    }

    /// Reads to the end of the program.
    #[track_caller]
    pub(crate) fn ended(mut self) -> Finished {
        self.until(ENDED);
        self.until("]");
        let is_restored = settings(&self.master) == self.before;
        let raw = self.shown.raw();
        let text = without_escapes(&raw);
        let (text, code) = text.rsplit_once(ENDED).expect("the shell told of the end");
        assert!(!text.contains("panicked"), "{text}");
        let code = code.trim_end().trim_end_matches(']').parse().expect("the shell told the code");
        Finished { code, text: text.to_owned(), raw, is_restored }
    }

    /// Sends the program a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process_group(Pid::from_child(&self.shell), signal).expect("send a signal");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Usually only the shell is left.
        let _ = kill_process_group(Pid::from_child(&self.shell), Signal::KILL);
        drop(self.shell.wait());
    }
}

/// The two sides of a new terminal of 80 columns: the person's and the program's.
pub(crate) fn pair() -> (File, OwnedFd) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
    unlockpt(&master).expect("unlock the terminal");
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let slave = ioctl_tiocgptpeer(&master, flags).expect("the program's side of the terminal");
    tcsetwinsize(&slave, Winsize { ws_row: 40, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 })
        .expect("set its size");
    (File::from(master), slave)
}

impl Shown {
    fn fill(&self, mut screen: File) {
        let mut buffer = [0; 4096];
        // The last program to close a terminal causes an error.
        while let Ok(length @ 1..) = screen.read(&mut buffer) {
            self.bytes.lock().expect("nobody panics with it").extend_from_slice(&buffer[..length]);
            self.more.notify_all();
        }
    }

    /// Waits until the text meets a condition or the time is over; returns the text.
    fn wait(&self, wanted: impl Fn(&str) -> bool) -> String {
        let text = |bytes: &[u8]| without_escapes(&String::from_utf8_lossy(bytes));
        let bytes = self.bytes.lock().expect("nobody panics with it");
        let waits = |bytes: &mut Vec<u8>| !wanted(&text(bytes));
        let (bytes, _) = self.more.wait_timeout_while(bytes, TIMEOUT, waits).expect("nobody panics with it");
        text(&bytes)
    }

    fn raw(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().expect("nobody panics with it")).into_owned()
    }
}

/// All settings of a terminal, such as echo and raw mode.
fn settings(terminal: &OwnedFd) -> String {
    format!("{:?}", tcgetattr(terminal).expect("read the terminal's settings"))
}

/// The text without escape sequences and carriage returns.
fn without_escapes(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\x1b' => drop(letters.find(char::is_ascii_alphabetic)),
            '\r' => {}
            letter => plain.push(letter),
        }
    }
    plain
}
