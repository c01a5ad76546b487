//! A terminal with a program on it, and the person who types and reads.
//!
//! Invariant: the program never outlives its value, nothing it shows is lost, and no wait is longer than [`PATIENCE`].
//!
//! A pseudo terminal of the system: what is typed goes through the kernel's line discipline, so echo, Ctrl-C and
//! raw mode are the real ones. `setsid` (util-linux) makes it the program's controlling terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

/// Far longer than anything here takes, on a machine that is busy with others.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const ENTER: &str = "\r";
pub(crate) const DOWN: &str = "\x1b[B";
pub(crate) const BACKSPACE: &str = "\x7f";
pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const CTRL_D: &str = "\x04";
pub(crate) const ESC: &str = "\x1b";

/// A terminal of 80 columns.
pub(crate) struct Terminal {
    keyboard: Option<File>,
    master: Option<OwnedFd>,
    child: Child,
    shown: Arc<Shown>,
    /// How the terminal was set before the program came.
    before: String,
    /// How far the person has read.
    read: usize,
}

#[derive(Default)]
struct Shown {
    bytes: Mutex<(Vec<u8>, bool)>,
    more: Condvar,
}

/// What is left of a program that ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    /// Everything that was shown, without colours and movements of the cursor.
    pub(crate) text: String,
    /// The same with them.
    pub(crate) raw: String,
    /// Whether the terminal is set as it was before.
    pub(crate) is_restored: bool,
}

impl Terminal {
    /// Starts a program on a terminal of its own.
    pub(crate) fn start(program: &Command) -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        unlockpt(&master).expect("unlock the terminal");
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let slave = ioctl_tiocgptpeer(&master, flags).expect("the program's side of the terminal");
        tcsetwinsize(&slave, Winsize { ws_row: 40, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 })
            .expect("set its size");
        let before = settings(&master);

        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(program.get_program()).args(program.get_args()).env_clear();
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let copy = || slave.try_clone().expect("copy a file descriptor");
        let child =
            command.stdin(copy()).stdout(copy()).stderr(slave.try_clone().expect("copy a file descriptor"));
        let child = child.spawn().expect("start the program: is the package `util-linux` installed?");
        drop((command, slave));

        let shown = Arc::new(Shown::default());
        let screen = File::from(master.try_clone().expect("copy a file descriptor"));
        std::thread::spawn({
            let shown = Arc::clone(&shown);
            move || shown.fill(screen)
        });
        let keyboard = Some(File::from(master.try_clone().expect("copy a file descriptor")));
        Self { keyboard, master: Some(master), child, shown, before, read: 0 }
    }

    /// Types.
    pub(crate) fn type_keys(&mut self, keys: &str) {
        let keyboard = self.keyboard.as_mut().expect("the terminal is open");
        keyboard.write_all(keys.as_bytes()).expect("type");
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, text: &str) {
        self.type_keys(&format!("{text}{ENTER}"));
    }

    /// Reads on until something is shown; what was shown until then and was not read before.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str) -> String {
        let read = self.read;
        let found =
            |text: &str| text.get(read..).and_then(|new| new.find(what)).map(|at| read + at + what.len());
        let text = self.shown.wait(|text| found(text).is_some());
        let Some(end) = found(&text) else {
            let new = text.get(read..).unwrap_or_default();
            panic!("not shown within {PATIENCE:?}: {what:?}, but: {new}")
        };
        self.read = end;
        text.get(read..end).unwrap_or_default().to_owned()
    }

    /// Reads to the end, which is the end of the program.
    #[track_caller]
    pub(crate) fn ended(mut self) -> Finished {
        let raw = self.shown.end().expect("the program ends within 30 s");
        let status = self.child.wait().expect("wait for the program");
        let is_restored = settings(self.master.as_ref().expect("the terminal is open")) == self.before;
        let text = without_escapes(&raw);
        assert!(!text.contains("panicked"), "{text}");
        Finished { code: status.code(), text, raw, is_restored }
    }

    /// Sends the program a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("send a signal");
    }

    /// Closes the terminal's window; waits until the program is gone.
    pub(crate) fn close(mut self) {
        (self.keyboard, self.master) = (None, None);
        // The thread that reads holds the terminal open as well, until it is told.
        self.signal(Signal::HUP);
        self.child.wait().expect("wait for the program");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Most often it is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Shown {
    fn fill(&self, mut screen: File) {
        let mut buffer = [0; 4096];
        loop {
            // The last program to leave a terminal leaves an error behind.
            let length = screen.read(&mut buffer).unwrap_or_default();
            let mut bytes = self.bytes.lock().expect("nobody panics with it");
            bytes.0.extend_from_slice(&buffer[..length]);
            bytes.1 = length == 0;
            self.more.notify_all();
            if bytes.1 {
                return;
            }
        }
    }

    /// Waits until the text is as wanted, or can be no other any more, or patience ends; the text then.
    fn wait(&self, wanted: impl Fn(&str) -> bool) -> String {
        let text = |bytes: &[u8]| without_escapes(&String::from_utf8_lossy(bytes));
        let bytes = self.bytes.lock().expect("nobody panics with it");
        let waits = |(bytes, is_over): &mut (Vec<u8>, bool)| !*is_over && !wanted(&text(bytes));
        let (bytes, _) = self.more.wait_timeout_while(bytes, PATIENCE, waits).expect("nobody panics with it");
        text(&bytes.0)
    }

    fn end(&self) -> Option<String> {
        let bytes = self.bytes.lock().expect("nobody panics with it");
        let waits = |(_, is_over): &mut (Vec<u8>, bool)| !*is_over;
        let (bytes, _) = self.more.wait_timeout_while(bytes, PATIENCE, waits).expect("nobody panics with it");
        bytes.1.then(|| String::from_utf8_lossy(&bytes.0).into_owned())
    }
}

/// How a terminal is set: echo, raw mode, all.
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
