//! Chaos: the real program under a seeded script of kills, faults and messages, judged by an oracle that knows only what the
//! sandbox, the notification server, the subscribers and the readers of the message log saw.
//!
//! Invariant: the same seed gives the same script, and a seed that fails prints its script up to the end of the life in which it
//! stopped, or all of it.
//!
//! `cargo test` runs a short script with a fixed seed. `tests/proof` runs the others, which are set by variables of the
//! environment: see [`parameters::Parameters`].
#![cfg(target_os = "linux")]

#[cfg(test)]
mod action;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod followers;
#[cfg(test)]
mod life;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod parameters;
#[cfg(test)]
mod readers;
#[cfg(test)]
mod script;
#[cfg(test)]
mod soak;
#[cfg(test)]
mod summary;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod world;

/// A short script, in every `cargo test`.
#[cfg(test)]
#[tokio::test]
async fn a_script_of_faults_loses_and_repeats_nothing() {
    let size = script::Size { lives: 15, messages: 6, recovery_every: 100, silence: false };
    let script = script::Script::of(20_261_127, size);
    let evidence = life::run(&script, false, &|_| ()).await;
    let violations = oracle::Verdict::on(&evidence).violations();
    assert!(violations.is_empty(), "{violations:#?}\n{script}");
}

/// Many scripts, which takes minutes or hours.
#[cfg(test)]
#[test]
#[ignore = "tests/proof runs it"]
#[expect(clippy::print_stdout, reason = "it prints a line for each seed")]
fn chaos() {
    let parameters = parameters::Parameters::from_environment();
    let summary = summary::of_all(&parameters);
    println!("{summary}");
    assert_eq!(summary.failed, [0; 0], "seeds that failed");
}

/// A steady load for minutes or hours.
#[cfg(test)]
#[tokio::test]
#[ignore = "tests/proof runs it"]
#[expect(clippy::print_stdout, reason = "it prints a table")]
async fn soak() {
    let soak = soak::run(parameters::soak()).await;
    println!("{soak}");
    assert_eq!(soak.violations(), [""; 0]);
}
