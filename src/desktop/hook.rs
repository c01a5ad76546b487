//! Runs the program that the user wants to be run for a message.
//!
//! Invariant: no shell reads anything of a message, nothing the program prints is kept, and neither it nor what it
//! started outlives its time or the wait for it.

use std::time::Duration;

use super::child::{self, Task};

pub use super::child::Fault;

/// Runs a program with its arguments to its end, or until its time is over. It finds these variables in its
/// environment, besides this process's own, and this on its standard input.
///
/// When it is killed, or the wait for it is given up, all that it started is killed with it, unless that left the
/// process group.
pub async fn run(
    command: &[String],
    variables: &[(&str, String)],
    input: &[u8],
    patience: Duration,
) -> Result<(), Fault> {
    child::run(Task { command, variables, input, output: 0 }, patience).await.map(drop)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use rustix::process::{Pid, Signal, test_kill_process};
    use tempfile::TempDir;
    use tokio::time::timeout;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(30);

    /// A folder with a script in it, and the command that runs the script there. The shell is named, since a file that
    /// was just written may be open in the child of another test, and cannot be run until that is over.
    fn script(text: &str) -> (TempDir, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hook");
        fs::write(&path, format!("cd {}\n{text}\n", folder.path().display())).unwrap();
        let command =
            ["sh", path.to_str().unwrap(), "first argument", "$(touch no)"].map(str::to_owned).to_vec();
        (folder, command)
    }

    async fn said(command: &[String]) -> String {
        run(command, &[], b"", TIMEOUT).await.unwrap_err().to_string()
    }

    fn read(folder: &TempDir, name: &str) -> String {
        fs::read_to_string(folder.path().join(name)).unwrap()
    }

    #[tokio::test]
    async fn a_program_gets_its_arguments_its_environment_and_its_input_as_they_are() {
        let (folder, command) =
            script("cat > in; printf '%s|%s' \"$1\" \"$2\" > args; printf %s \"$X_ODD\" > odd");
        let odd = "a b\"c'd\ne$(touch no)`touch no`\u{1f600}\0f".to_owned();
        run(&command, &[("X_ODD", odd)], b"{\"a\": 1}\n", TIMEOUT).await.unwrap();
        assert_eq!(read(&folder, "in"), "{\"a\": 1}\n");
        assert_eq!(read(&folder, "args"), "first argument|$(touch no)");
        assert_eq!(read(&folder, "odd"), "a b\"c'd\ne$(touch no)`touch no`\u{1f600}f");
        assert!(!folder.path().join("no").exists());
    }

    #[tokio::test]
    async fn input_that_is_not_read_and_output_that_nobody_reads_hold_up_nothing() {
        let large = vec![b'x'; 1 << 20];
        let (_folder, command) = script("exit 0");
        run(&command, &[], &large, TIMEOUT).await.unwrap();
        // Somebody keeps the input open, and never reads it.
        let (folder, command) = script("sleep 60 <&0 & echo $! > pid");
        run(&command, &[], &large, TIMEOUT).await.unwrap();
        rustix::process::kill_process(pid(&folder.path().join("pid")), Signal::KILL).unwrap();
        let (folder, command) =
            script("head -c 50000000 /dev/zero; head -c 5000000 /dev/zero >&2; wc -c > in");
        run(&command, &[("X_LONG", "\u{e4}".repeat(1 << 20))], &large, TIMEOUT).await.unwrap();
        assert_eq!(read(&folder, "in"), "1048576\n");
    }

    fn pid(file: &Path) -> Pid {
        let number = fs::read_to_string(file).unwrap();
        Pid::from_raw(number.trim().parse().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn every_bad_end_is_told() {
        assert_eq!(said(&script("exit 3").1).await, "it ended with 3");
        assert_eq!(said(&script("kill -9 $$").1).await, "it was ended by signal 9");
        let missing = ["/nonexistent/hook".to_owned()];
        assert_eq!(said(&missing).await, "/nonexistent/hook cannot be started: there is no such program");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hook").to_str().unwrap().to_owned();
        fs::write(&path, "#!/bin/sh\n").unwrap();
        let expected = format!("{path} cannot be started: it is not executable");
        assert_eq!(said(&[path]).await, expected);
    }

    /// A script that never ends, and whose child never ends.
    const HANGS: &str = "sleep 1000 & echo $! > child; echo $$ > self; mv self ready; wait";

    /// Both processes of it are gone, or about to be taken note of by whoever inherited them.
    fn is_over(folder: &TempDir) -> bool {
        ["child", "ready"].iter().all(|name| {
            let pid = pid(&folder.path().join(name));
            let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
            test_kill_process(pid).is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
        })
    }

    async fn until_over(folder: &TempDir) {
        let over = async {
            while !is_over(folder) {
                tokio::task::yield_now().await;
            }
        };
        timeout(TIMEOUT, over).await.expect("both are gone within 30 s");
    }

    /// Runs it until both processes are there.
    async fn until_ready(
        folder: &TempDir,
        mut running: std::pin::Pin<&mut impl Future<Output = Result<(), Fault>>>,
    ) {
        while !folder.path().join("ready").exists() {
            assert!(timeout(Duration::from_millis(5), running.as_mut()).await.is_err(), "it ended");
        }
    }

    #[tokio::test]
    async fn what_hangs_is_killed_with_all_it_started() {
        let (folder, command) = script(HANGS);
        let killed = timeout(TIMEOUT, run(&command, &[], b"", Duration::from_secs(2))).await;
        let error = killed.expect("it is killed within 30 s").unwrap_err();
        assert_eq!(error.to_string(), "it was killed, since it took more than 2 s");
        until_over(&folder).await;
    }

    #[tokio::test]
    async fn what_is_not_waited_for_any_more_is_killed_with_all_it_started() {
        let (folder, command) = script(HANGS);
        {
            let mut running = std::pin::pin!(run(&command, &[], b"", TIMEOUT));
            until_ready(&folder, running.as_mut()).await;
            assert!(!is_over(&folder));
        }
        until_over(&folder).await;
    }
}
