//! The daemon in its systemd unit, under a real service manager of an unprivileged user.
//!
//! Invariant: the service manager, its runtime folder and its control group belong to the test, which starts itself again in
//! a mount namespace of its own for that. This needs root and systemd; without them the test is skipped.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use handover::sandbox::Options;
use handover::system::clock;
use tokio::time::timeout;
use zbus::Connection;
use zbus::zvariant::OwnedValue;

use crate::process::{Finished, TIMEOUT, run};
use crate::support::bus::Bus;
use crate::support::notification_server::{NotificationServer, connect};
use crate::user::{PROGRAM, sandbox, until};

/// Set in the process inside of the namespace.
const INSIDE: &str = "HANDOVER_TEST_INSIDE";
const HOME: &str = "/run/test/home";
const DAEMON: &str = "/run/test/bin/handover";
/// By this time a keyring is unlocked, unless it has lost its password.
const KEYRING_STARTS: Duration = Duration::from_secs(5);
const UNIT: &str = include_str!("../../../packaging/linux/handover.service");

/// What `setpriv` and systemd need, and the copies of the programs that the unprivileged user can read. Exits with 77 if this
/// computer does not allow it.
const ENTER: &str = r#"
mount --make-rprivate / && mount -t tmpfs -o mode=755 tmpfs /run || exit 77
mkdir -p /run/systemd/system /run/systemd/unit-root /run/systemd/propagate /run/user /run/test/bin
for folder in /run/user/65534 /run/test/home /run/test/tmp; do
  install -d -m 700 -o 65534 -g 65534 $folder
done
group=handover-test-$$
for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
  [ -e $hierarchy/cgroup.procs ] || continue
  mkdir $hierarchy/$group && chown -R 65534:65534 $hierarchy/$group || exit 77
  echo $$ > $hierarchy/$group/cgroup.procs || exit 77
done
cp "$1" /run/test/tests
cp "$2" /run/test/bin/handover
printf '#!/bin/sh\necho "$*" > "$HOME/opened.new"; mv "$HOME/opened.new" "$HOME/opened"\n' > /run/test/bin/xdg-open
chmod 755 /run/test/bin/xdg-open
exec setpriv --reuid 65534 --regid 65534 --clear-groups \
  env -i HOME=/run/test/home TMPDIR=/run/test/tmp XDG_RUNTIME_DIR=/run/user/65534 TZ=UTC \
  PATH=/run/test/bin:/usr/bin:/bin HANDOVER_TEST_INSIDE=1 \
  /run/test/tests --exact "$3" --nocapture
"#;

#[tokio::test]
#[expect(clippy::print_stderr, reason = "it says why it is skipped")]
async fn the_daemon_works_under_a_real_service_manager() {
    if std::env::var_os(INSIDE).is_some() {
        return inside().await;
    }
    if !rustix::process::geteuid().is_root() || !Path::new("/lib/systemd/systemd").exists() {
        return eprintln!("skipped: it needs root and systemd");
    }
    let tests = std::env::current_exe().expect("its own path");
    let name = "daemon::confined::the_daemon_works_under_a_real_service_manager";
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--fork", "--kill-child", "sh", "-uc", ENTER, "sh"])
        .arg(tests)
        .args([PROGRAM, name]);
    let finished = run(command, "").await;
    if finished.code == Some(77) {
        return eprintln!("skipped: {}", finished.err);
    }
    assert!(
        finished.code == Some(0) && finished.out.contains(" 1 passed"),
        "{}{}",
        finished.out,
        finished.err
    );
}

async fn inside() {
    let sandbox = sandbox(Options::new(clock::unix)).await;
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    for folder in [".config/handover", ".config/systemd/user/handover.service.d", ".local/share", ".cache"] {
        fs::create_dir_all(home(folder)).expect("make a folder");
    }
    let _keyring = keyring(&bus).await;
    let variables = [
        ("DBUS_SESSION_BUS_ADDRESS", bus.address().to_owned()),
        ("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent".to_owned()),
        ("HANDOVER_API_URL", sandbox.api_url()),
        ("HANDOVER_WEBSOCKET_URL", sandbox.websocket_url()),
    ];
    let handover = async |words: &str, input: &str| {
        let mut command = Command::new(DAEMON);
        command.args(words.split(' ')).envs(variables.iter().cloned());
        run(command, input).await
    };
    let account = sandbox.account();
    let setup =
        format!("setup --email {} --password-stdin --device-name desk --secret-store keyring", account.email);
    handover(&setup, &account.password).await.succeeded();

    let unit = UNIT.replace("/usr/bin/handover", DAEMON);
    assert!(unit.contains(DAEMON), "the unit was understood");
    fs::write(home(".config/systemd/user/handover.service"), unit).expect("install the unit");
    let environment = variables.iter().map(|(name, value)| format!("Environment={name}={value}\n"));
    // The service manager may have another path, from this computer's own settings.
    let service = "[Service]\nStandardError=append:%t/log\nEnvironment=PATH=/run/test/bin:/usr/bin:/bin\n";
    let drop_in = environment.fold(service.to_owned(), |all, one| all + &one);
    fs::write(home(".config/systemd/user/handover.service.d/test.conf"), drop_in).expect("write the drop-in");
    let mut manager = Manager::start().await;
    manager.control("start handover.service").await.succeeded();

    until(&sandbox, "the connection", |now| now.socket_logins > 0).await;
    // The settings are read again, and the hook can write the user's files only where programs have their data.
    let hook =
        "cat > $HOME/.local/share/hooked; touch $HOME/outside $HOME/.local/share/over; touch /usr/outside";
    let settings = format!("[hook]\ncommand = ['sh', '-c', '{hook}']\n");
    fs::write(home(".config/handover/config.toml"), settings).expect("change the settings");
    let over = async {
        while fs::metadata(home(".local/share/over")).is_err() {
            sandbox.send(&[("message", "hello"), ("url", "https://a.example/")]);
            let shown = server.next_shown().await;
            server.choose(shown.id, "open-link").await;
            handover("status", "").await.succeeded();
        }
        while fs::metadata(home("opened")).is_err() {
            handover("status", "").await.succeeded();
        }
    };
    let over = timeout(TIMEOUT, over).await;
    let log = fs::read_to_string("/run/user/65534/log").unwrap_or_default();
    assert!(over.is_ok(), "no hook or no link within {TIMEOUT:?}: {log}");
    let hooked = fs::read_to_string(home(".local/share/hooked")).expect("what the hook was given");
    assert!(hooked.contains("hello"), "{hooked}");
    assert!(
        !Path::new(&home("outside")).exists() && !Path::new("/usr/outside").exists(),
        "the hook is confined"
    );
    let opened = fs::read_to_string(home("opened")).expect("the link");
    assert_eq!(opened, "https://a.example/\n", "a file that only a program outside can write");

    handover("pause 1h", "").await.succeeded();
    handover("resume", "").await.succeeded();
    manager.control("stop handover.service").await.succeeded();
    let failed = manager.control("is-failed handover.service").await;
    assert_eq!(failed.out, "inactive\n", "{log}");
    manager.end().await;
}

fn home(below: &str) -> String {
    format!("{HOME}/{below}")
}

/// A keyring that is unlocked.
async fn keyring(bus: &Bus) -> Ended {
    let connection = connect(bus.address()).await;
    // About once in a hundred starts gnome-keyring loses the password that it was given, and stays locked.
    for _ in 0..3 {
        let keyring = start_keyring(bus);
        let unlocked = async { while !is_unlocked(&connection).await {} };
        if timeout(KEYRING_STARTS, unlocked).await.is_ok() {
            return keyring;
        }
    }
    panic!("the keyring is not unlocked")
}

async fn is_unlocked(bus: &Connection) -> bool {
    let login = "/org/freedesktop/secrets/collection/login";
    let property = ("org.freedesktop.Secret.Collection", "Locked");
    let interface = Some("org.freedesktop.DBus.Properties");
    // Until it runs, there is nobody to ask.
    let reply = bus.call_method(Some("org.freedesktop.secrets"), login, interface, "Get", &property).await;
    let is_locked = reply.ok().and_then(|reply| reply.body().deserialize::<OwnedValue>().ok());
    is_locked.is_some_and(|is_locked| bool::try_from(is_locked) == Ok(false))
}

fn start_keyring(bus: &Bus) -> Ended {
    let mut command = Command::new("gnome-keyring-daemon");
    command.args(["--foreground", "--unlock", "--components=secrets"]);
    command.env("DBUS_SESSION_BUS_ADDRESS", bus.address());
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = pipes.spawn().expect("start the keyring");
    child.stdin.take().expect("it has an input").write_all(b"hunter2").expect("unlock it");
    Ended(child)
}

/// A process that is killed when it is dropped.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A service manager of this user.
struct Manager(Ended);

impl Manager {
    async fn start() -> Self {
        let mut command = Command::new("/lib/systemd/systemd");
        command.args(["--user", "--unit=basic.target"]).env("SYSTEMD_LOG_TARGET", "console");
        let pipes = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let manager = Self(Ended(pipes.spawn().expect("start the service manager")));
        let starting = async { while manager.control("is-system-running").await.out != "running\n" {} };
        timeout(TIMEOUT, starting).await.expect("the service manager runs within 30 s");
        manager
    }

    async fn control(&self, words: &str) -> Finished {
        let mut command = Command::new("systemctl");
        command.arg("--user").args(words.split(' '));
        run(command, "").await
    }

    async fn end(&mut self) {
        self.control("exit").await;
        drop(self.0.0.wait());
    }
}
