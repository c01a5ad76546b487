//! What can really be heard: a sound server records its output to a file.
//!
//! Invariant: time is measured in the recording; sounds and silence count only if they are recorded.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::desk::{Desk, Server, until};
use crate::packages;
use crate::program::Program;

/// Samples per second.
const RATE: usize = 8_000;
/// Anything quieter is silence: a hundredth of the volume at which the sandbox's sounds begin.
const HUM: u16 = 300;
/// Slightly louder than the beginning of one sound of the sandbox; two at once are much louder.
const LOUDEST_OF_ONE: u16 = 28_000;
/// How far a pitch may be off: on a busy machine a few samples are not recorded.
const NEAR: f64 = 0.1;
/// The silence between two sounds; a shorter interruption belongs to the same sound.
const SILENCE: usize = RATE / 4;

#[tokio::test]
async fn each_message_plays_its_sound_once_and_an_emergency_at_every_repeat() {
    let mut desk = Desk::start("dunst-sound", Server::Dunst).await;
    desk.user.settings("emergency = \"manual\"\n");
    let speaker = Speaker::start(&mut desk).await;
    let _daemon = desk.connected().await;

    desk.send("Silence", "It says so.", &[("sound", "none")]);
    desk.notifications.next().await;
    desk.send("Silence", "It is of low priority.", &[("sound", "bike"), ("priority", "-1")]);
    desk.notifications.next().await;
    speaker.until_recorded(RATE).await;
    assert_eq!(speaker.heard(), [0.0; 0]);
    desk.send("Bicycle", "It rings.", &[("sound", "bike")]);
    speaker.until_heard(1).await;
    for times in 1..=2 {
        desk.sandbox.inject(&json!({
            "message": "fire", "app": "House", "aid": 9, "priority": 2, "sound": "si", "receipt": "r".repeat(30),
        }));
        speaker.until_heard(1 + times).await;
    }

    let (bike, siren) = (of_file(&desk, "bike"), of_file(&desk, "siren"));
    assert!(bike * (1.0 + NEAR) < siren * (1.0 - NEAR), "they cannot be told apart: {bike} and {siren}");
    let heard = speaker.heard();
    let is_near = |(heard, expected): (&f64, f64)| (heard - expected).abs() < expected * NEAR;
    let expected = [bike, siren, siren];
    assert_eq!(heard.len(), expected.len(), "{heard:?}, not {expected:?}");
    assert!(heard.iter().zip(expected).all(is_near), "{heard:?}, not {expected:?}");
    let loudest = speaker.samples().into_iter().map(i16::unsigned_abs).max();
    assert!(loudest.is_some_and(|loudest| loudest <= LOUDEST_OF_ONE), "two at once: {loudest:?}");
}

/// A sound server of this desktop, and the recording of what it plays.
struct Speaker {
    recording: PathBuf,
    _server: Program,
    _recorder: Program,
}

impl Speaker {
    async fn start(desk: &mut Desk) -> Self {
        let socket = desk.user.path("sound.sock");
        desk.user.set("PULSE_SERVER", &format!("unix:{}", socket.display()));
        // The test's user has no sound programs of the machine, but this server does not use the machine's speakers.
        let path = std::env::var("PATH").expect("a search path");
        desk.user.install("paplay", &format!("#!/bin/sh\nPATH='{path}' exec paplay \"$@\"\n"));
        let listen = format!("module-native-protocol-unix auth-anonymous=1 socket={}", socket.display());
        let options = [
            ["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--realtime=no"],
            ["--high-priority=no", "-L", "module-null-sink sink_name=speaker", "-L", &listen],
        ];
        let server = desk.program(packages::SOUND_SERVER, &options.concat());
        until("the sound server", async || socket.exists().then_some(())).await;

        let recording = desk.user.path("recording");
        let format = ["--raw", "--format=s16le", "--rate=8000", "--channels=1", "--latency-msec=20"];
        let file = recording.to_str().expect("a path in UTF-8");
        let recorder = desk.program("parec", &[&format[..], &["--device=speaker.monitor", file]].concat());
        let speaker = Self { recording, _server: server, _recorder: recorder };
        until("a recording", async || (!speaker.samples().is_empty()).then_some(())).await;
        speaker
    }

    /// Waits until this many sounds were heard, followed by silence.
    async fn until_heard(&self, count: usize) {
        let is_silent_again = |samples: &[i16]| {
            let loud = samples.iter().rposition(|sample| sample.unsigned_abs() > HUM);
            loud.is_some_and(|last| samples.len() > last + 2 * SILENCE)
        };
        let look = async || (self.heard().len() >= count && is_silent_again(&self.samples())).then_some(());
        until("a sound, and silence", look).await;
    }

    /// Waits until this many more samples were recorded.
    async fn until_recorded(&self, more: usize) {
        let wanted = self.samples().len() + more;
        until("more of the recording", async || (self.samples().len() >= wanted).then_some(())).await;
    }

    /// The pitch of each sound that was heard, in hertz.
    fn heard(&self) -> Vec<f64> {
        sounds(&self.samples()).into_iter().map(pitch).collect()
    }

    fn samples(&self) -> Vec<i16> {
        let bytes = fs::read(&self.recording).unwrap_or_default();
        let pairs = bytes.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
        pairs.map(i16::from_le_bytes).collect()
    }
}

/// The pitch of a sound of the sandbox, as it is in the cache.
fn of_file(desk: &Desk, name: &str) -> f64 {
    let file = desk.user.path(&format!("cache/handover/sounds/{name}.wav"));
    let wav = fs::read(file).expect("the sound is in the cache");
    // After the header of the file one byte is one sample, and 128 is silence.
    let samples: Vec<_> = wav[44..].iter().map(|byte| (i16::from(*byte) - 128) * 256).collect();
    sounds(&samples).into_iter().map(pitch).next().expect("it is not silent")
}

/// The sounds between two silences.
fn sounds(samples: &[i16]) -> Vec<&[i16]> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (place, _) in samples.iter().enumerate().filter(|(_, sample)| sample.unsigned_abs() > HUM) {
        match found.last_mut() {
            Some((_, end)) if place < *end + SILENCE => *end = place,
            _ => found.push((place, place)),
        }
    }
    found.into_iter().map(|(start, end)| &samples[start..=end]).collect()
}

/// Oscillations per second: how often it crosses silence upwards.
fn pitch(samples: &[i16]) -> f64 {
    let swings = samples.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
    let [swings, length, rate] = [swings, samples.len(), RATE].map(|number| u32::try_from(number).unwrap());
    f64::from(swings) * f64::from(rate) / f64::from(length)
}
