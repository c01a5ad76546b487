//! Runs a script: one life of the daemon after the other, and what follows the last.
//!
//! Invariant: a run always ends, and what it could not wait for is in its evidence.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use handover::sandbox::Counters;
use handover::system::clock;
use rustix::process::{Signal, kill_process};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::action::Action;
use crate::evidence::{Evidence, Logged};
use crate::followers::Followers;
use crate::script::{End, Life, Script};
use crate::support::kill_point::KillPoint;
use crate::support::notification_server::Trigger;
use crate::support::process::{Finished, Running};
use crate::world::{DAY, Optional, World};

/// How long to wait for the event that a kill follows. A fault may prevent it.
const LONGEST_WAIT: Duration = Duration::from_millis(400);
/// How long faults last before the daemon has to recover.
const FAULTS: Duration = Duration::from_millis(800);
/// Far longer than any recovery should take: silence is noticed after 90 s.
const LONGEST_RECOVERY: Duration = Duration::from_mins(4);
/// From here on a recovery is explained by the daemon's log. A first back-off takes 5 to 10 s.
const SLOW: Duration = Duration::from_secs(15);
/// In the end, how long to wait for the next message or acknowledgement.
const LONGEST_REST: Duration = Duration::from_secs(20);
/// How many daemons show and acknowledge what is left in the end.
const STARTS: usize = 2;
/// How long a daemon may take to stop on a machine that does other things, too: other tests hold it to a second.
const LONGEST_STOP: Duration = Duration::from_secs(20);

/// Makes the task of this name panic at SIGUSR1.
const DEMAND: &str = "HANDOVER_TEST_PANIC";

/// Runs a script to its end; `on_life` is told which life begins.
pub(crate) async fn run(script: &Script, with_disk: bool, on_life: &dyn Fn(usize)) -> Evidence {
    let service = script.service;
    let mut world = World::new(Optional { disk: with_disk, keyring: service.keyring }).await;
    world.sandbox.switch(|switches| {
        switches.order = service.order;
        switches.frames = service.frames;
        switches.small_ids = service.small_ids;
        switches.id_strings = service.id_strings;
        switches.umid_as_string = service.umid_as_string;
        switches.signal_at_login = service.signal_at_login;
        switches.unknown_keys = service.unknown_keys;
    });
    let daemon = world.connected().await;
    let followers = Followers::start(&world.user, &world.sandbox).await;
    world.send_one("First", 0, true);
    // From here on it survives the daemon.
    followers.until_listening(&world.evidence.sent[0].text).await;
    world.followers = Some(followers);
    drop(world.stop(daemon).await);
    for (number, life) in script.lives.iter().enumerate() {
        on_life(number + 1);
        world.live(life).await;
    }
    on_life(script.lives.len() + 1);
    world.finish().await
}

impl World {
    /// Starts the daemon and waits until it is connected and has synced.
    pub(crate) async fn connected(&self) -> Running {
        let before = self.sandbox.counters();
        let daemon = self.daemon();
        let connected = self.sandbox.until(|now| now.socket_logins > before.socket_logins);
        timeout(LONGEST_RECOVERY, connected).await.expect("the daemon connects");
        drop(self.user.handover(&["sync"]).await);
        daemon
    }

    async fn live(&mut self, life: &Life) {
        self.begin_life();
        self.this_life().crashes = life.end.crashes();
        let demand = if let End::Panic(task, ..) = life.end {
            self.evidence.panics.0 += 1;
            task.name()
        } else {
            ""
        };
        self.user.set(DEMAND, demand);
        for action in &life.before {
            self.act(action, None).await;
        }
        let before = self.sandbox.counters();
        let daemon = self.daemon();
        let finished = match life.end {
            End::Kill(point, delay) => {
                let shown = (point == KillPoint::Shown).then(|| self.at_next(Trigger::AfterAnswer, None));
                self.play_until(life, &daemon, self.event(point, before, shown, delay)).await;
                daemon.kill().await
            }
            End::KillAtNotification(trigger) => {
                let killed = self.at_next(trigger, Some(&daemon));
                self.play_until(
                    life,
                    &daemon,
                    self.event(KillPoint::Start, before, Some(killed), Duration::ZERO),
                )
                .await;
                daemon.kill().await
            }
            End::Panic(_, first, second) => {
                self.play_until(life, &daemon, self.event(KillPoint::Connected, before, None, first)).await;
                daemon.signal(Signal::USR1);
                let no_actions = Life { before: Vec::new(), during: Vec::new(), end: life.end };
                self.play_until(&no_actions, &daemon, Box::pin(sleep(second))).await;
                daemon.kill().await
            }
            End::Stop(delay) => {
                self.play_until(life, &daemon, self.event(KillPoint::Connected, before, None, delay)).await;
                self.stop(daemon).await
            }
            End::Recover | End::RecoverFromSilence => {
                drop(timeout(FAULTS, self.play(&life.during, &daemon, &mut 0)).await);
                let is_silent = matches!(life.end, End::RecoverFromSilence);
                let took = self.recover(is_silent).await;
                let finished = self.stop(daemon).await;
                if took > SLOW && !is_silent {
                    let number = self.evidence.lives.len();
                    self.evidence.slow.push(format!("  life {number}\n{life}{}", finished.err));
                }
                finished
            }
        };
        self.end_life().await;
        self.check_log(&finished);
    }

    /// Plays the actions of a life until something happens. Messages that were to be sent later are sent now, and wait.
    async fn play_until(&mut self, life: &Life, daemon: &Running, event: Event) {
        let mut done = 0;
        tokio::select! {
            () = event => {}
            never = self.play(&life.during, daemon, &mut done) => match never {},
        }
        for (_, action) in life.during.iter().skip(done) {
            if let Action::Send(burst) = action {
                self.send(burst);
            }
        }
    }

    /// Ends all faults, and notes what was shown.
    async fn end_life(&mut self) {
        self.repair_all().await;
        self.finish_commands().await;
        let bus = self.bus.address().to_owned();
        self.server().flush(&bus).await;
        self.collect().await;
        self.collect_reads(false).await;
    }

    /// Completes `delay` after the event, or after [`LONGEST_WAIT`] if the event does not happen.
    fn event(
        &self,
        point: KillPoint,
        before: Counters,
        notification: Option<oneshot::Receiver<()>>,
        delay: Duration,
    ) -> Event {
        let sandbox = Arc::clone(&self.sandbox);
        Box::pin(async move {
            let event = async {
                sandbox.until(|now| point.has_happened(&before, now)).await;
                if let Some(notification) = notification {
                    // The notification server may have left.
                    if notification.await.is_err() {
                        std::future::pending::<()>().await;
                    }
                }
            };
            drop(timeout(LONGEST_WAIT, event).await);
            sleep(delay).await;
        })
    }

    /// Says when the notification server gets a notification, and kills the daemon at once if that is wanted.
    fn at_next(&self, trigger: Trigger, kill: Option<&Running>) -> oneshot::Receiver<()> {
        let (happened, happens) = oneshot::channel();
        let victim = kill.map(Running::pid);
        // Once the life is over, the process id may be somebody else's.
        let is_over = Arc::new(AtomicBool::new(false));
        let guard = Arc::clone(&is_over);
        // The script may have stopped it. Then the sender is dropped.
        let Some(server) = &self.server else { return happens };
        server.at_next(trigger, move || {
            let is_wanted = !happened.is_closed() && !guard.swap(true, Ordering::Relaxed);
            if let Some(pid) = victim.filter(|_| is_wanted) {
                // It may have ended by itself, which is noticed later.
                let _ = kill_process(pid, Signal::KILL);
            }
            let _ = happened.send(());
        });
        happens
    }

    /// Ends all faults, and waits until a new message was shown and nothing is left at the service.
    async fn recover(&mut self, is_silent: bool) -> Duration {
        self.repair_all().await;
        self.sandbox.set_half_open(is_silent);
        self.finish_commands().await;
        let began = clock::instant();
        let recovered = async {
            while self.maybe_paused_since.is_some() {
                self.resume().await;
            }
            let number = self.evidence.sent.len();
            self.send_one(&format!("Recovery {number}"), 0, true);
            let text = self.evidence.sent[number].text.clone();
            while self.queued() > 0 || !self.evidence.shown.iter().any(|showing| showing.text == text) {
                sleep(Duration::from_millis(5)).await;
                self.collect().await;
            }
        };
        if timeout(LONGEST_RECOVERY, recovered).await.is_err() {
            self.evidence.incidents.push(format!("no recovery within {LONGEST_RECOVERY:?}"));
        } else {
            self.evidence.recovered.push(clock::instant());
        }
        self.sandbox.set_half_open(false);
        let took = clock::instant().duration_since(began);
        self.evidence.recoveries.push((took, self.evidence.lives.len()));
        took
    }

    /// Stops the daemon as the system does.
    async fn stop(&mut self, daemon: Running) -> Finished {
        // It may be suspended.
        daemon.signal(Signal::CONT);
        let (finished, took) = daemon.stop(Signal::TERM).await;
        match finished.code {
            Some(0) if took <= LONGEST_STOP => {}
            // The signal arrived before the handler was installed.
            None => self.this_life().crashes += 1,
            code => {
                self.evidence
                    .incidents
                    .push(format!("stopped with {code:?} after {took:?}: {}", finished.err));
            }
        }
        finished
    }

    /// A panic that no script asked for is an incident.
    fn check_log(&mut self, finished: &Finished) {
        let crashes = finished.err.lines().filter(|line| line.contains(" crashed at "));
        for line in crashes {
            if line.contains("src/daemon/restart/task.rs") {
                self.evidence.panics.1 += 1;
            } else {
                self.evidence.incidents.push(line.to_owned());
            }
        }
    }

    /// Starts the daemon without any fault, and gathers all evidence once nothing is left to do.
    async fn finish(mut self) -> Evidence {
        self.begin_life();
        self.user.set(DEMAND, "");
        self.repair_all().await;
        self.come_back().await;
        let mut daemon = self.connected().await;
        self.resume().await;
        let (mut done, mut progress_at, mut starts) = (0, clock::instant(), 1);
        let messages = loop {
            drop(self.user.handover(&["sync"]).await);
            let messages = self.user.messages().await;
            let announced = messages.iter().filter(|message| !message["announced"].is_null()).count();
            let receipts = self.evidence.sent.iter().filter_map(|sent| sent.receipt.as_ref());
            let (open, acknowledged): (Vec<_>, Vec<_>) =
                receipts.partition(|receipt| !self.sandbox.is_acknowledged(receipt));
            if self.queued() == 0 && announced == messages.len() && open.is_empty() {
                break messages;
            }
            if announced + acknowledged.len() > done {
                (done, progress_at) = (announced + acknowledged.len(), clock::instant());
            } else if clock::instant().duration_since(progress_at) >= LONGEST_REST {
                // If an acknowledgement was refused, for example, nothing happens any more, and the oracle says why.
                if starts == STARTS {
                    break messages;
                }
                // A daemon shows the hundred latest open emergencies again; the next one shows those before.
                self.stop(daemon).await;
                daemon = self.connected().await;
                (starts, progress_at) = (starts + 1, clock::instant());
            }
        };
        self.evidence.left = self.queued();
        self.evidence.log = messages.iter().map(logged).collect();
        let receipts = self.evidence.sent.iter().filter_map(|sent| sent.receipt.clone());
        self.evidence.acknowledged =
            receipts.filter(|receipt| self.sandbox.is_acknowledged(receipt)).collect();
        if let Some(followers) = self.followers.take() {
            followers.report(&mut self.evidence).await;
        }
        let finished = self.stop(daemon).await;
        self.end_life().await;
        self.collect_reads(true).await;
        self.check_log(&finished);
        std::mem::take(&mut self.evidence)
    }
}

type Event = std::pin::Pin<Box<dyn Future<Output = ()>>>;

fn logged(message: &serde_json::Value) -> Logged {
    let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
    let announced = message["announced"].as_i64();
    Logged {
        text: text("text"),
        id: text("id"),
        is_announced: announced.is_some(),
        has_wrong_time: announced.is_some_and(|unix| (unix - clock::unix()).abs() > DAY / 2),
    }
}
