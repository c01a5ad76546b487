//! How fast and how small the window is, measured from outside: by what is painted on the screen, and by what the kernel says.
//!
//! Invariant: nothing of the program takes part in measuring it; every figure is printed, and a median that misses its target
//! fails the test.
//!
//! ```sh
//! cargo build --release --locked --features window --bin handover-window
//! HANDOVER_WINDOW=target/release/handover-window \
//!     cargo test --locked --features window --test window -- --ignored figures --nocapture
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use handover::domain::account::DeviceId;
use handover::sandbox::Options;
use handover::store::Store;
use handover::system::clock;
use tokio::time::timeout;

use crate::figure::Figure;
use crate::harness::{Desk, window};
use crate::long_log::fill;
use crate::picture::Rect;
use crate::program::Program;
use crate::screen::Button;
use crate::support::process::TIMEOUT;

/// Where the first row of the list is.
const ROWS: Rect = Rect { x: 60, y: 105, width: 360, height: 65 };
/// How often the screen is looked at.
const GLANCE: Duration = Duration::from_millis(1);
/// How long the window is left alone before something is measured.
const REST: Duration = Duration::from_secs(2);

#[tokio::test]
#[ignore = "it takes some minutes, and is meant for release builds"]
async fn figures_of_the_window() {
    let mut figures = Table::start();
    let mut desk = desk(100_000).await;
    let daemon = desk.daemon().await;
    let mut starts: Vec<f64> = Vec::new();
    for _ in 0..12 {
        starts.push(first_row(&mut desk).await);
    }
    // The first start reads everything from the disk.
    starts.remove(0);
    figures.push(
        Figure::new("exec to the first row on the screen, 100,000 messages", "ms", starts).at_most(400.0),
    );
    clock::pause(REST).await;
    figures.push(Figure::new("memory (PSS), 100,000 messages", "MB", [memory(&desk)]).at_most(80.0));

    let before = processor(&desk);
    desk.screen.point_at((200, 400));
    for _ in 0..150 {
        desk.screen.click(Button::WheelDown, (200, 400));
        clock::pause(Duration::from_millis(16)).await;
    }
    clock::pause(REST).await;
    figures.push(
        Figure::new("processor time for 150 clicks of the wheel", "ms", [processor(&desk) - before])
            .at_most(1_000.0),
    );
    figures.push(Figure::new("memory (PSS) after scrolling", "MB", [memory(&desk)]).at_most(80.0));
    drop((desk, daemon));

    let mut desk = self::desk(1_000_000).await;
    let _daemon = desk.daemon().await;
    first_row(&mut desk).await;
    clock::pause(REST).await;
    desk.screen.press(&["Control_L", "f"]);
    clock::pause(REST).await;
    let mut searches = Vec::new();
    // The newest message has no word that begins with one of these.
    for letter in ["z", "7", "9"].into_iter().cycle().take(15) {
        for key in [letter, "BackSpace"] {
            searches.push(until_rows_change(&desk, || desk.screen.press(&[key])).await);
            clock::pause(Duration::from_millis(150)).await;
        }
    }
    figures.push(
        Figure::new("key in the search field to new rows, 1,000,000 messages", "ms", searches).at_most(50.0),
    );
    figures.push(Figure::new("memory (PSS) after searching", "MB", [memory(&desk)]).at_most(80.0));

    let missed: Vec<String> =
        figures.0.iter().map(ToString::to_string).filter(|line| line.contains("**missed**")).collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// Figures that are printed as they come.
struct Table(Vec<Figure>);

impl Table {
    fn start() -> Self {
        println!("{}", Figure::HEADER);
        Self(Vec::new())
    }

    fn push(&mut self, figure: Figure) {
        println!("{figure}");
        self.0.push(figure);
    }
}

/// A desk whose user has this many messages. The message log is kept for the next time, because filling it takes minutes.
async fn desk(messages: i64) -> Desk {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("log-{messages}")).join("messages.db");
    if !kept.exists() {
        let new = kept.with_file_name("new.db");
        drop(fs::remove_file(&new));
        fill(
            &Store::open(&new).expect("make a message log"),
            &DeviceId::new("bench").expect("a device"),
            messages,
        );
        fs::rename(&new, &kept).expect("keep the message log");
    }
    let mut desk = Desk::new(Options::new(clock::unix)).await;
    desk.user.set("HANDOVER_LOG", "warn");
    fs::copy(&kept, desk.user.path("data/handover/messages.db")).expect("copy the message log");
    desk.user.sign_in(&desk.sandbox).await;
    desk
}

/// Starts the window anew; the time until a row is painted.
async fn first_row(desk: &mut Desk) -> f64 {
    desk.window = None;
    let program = std::env::var("HANDOVER_WINDOW").unwrap_or_else(|_unset| window().to_owned());
    let program = fs::canonicalize(program).expect("the program to measure");
    // The desktop without a window is one colour, and so is a list without rows.
    until(desk, |colours| colours == 1).await;
    let start = clock::instant();
    desk.window = Some(Program::start(&desk.user, program.to_str().expect("a path"), &[]));
    until(desk, |colours| colours > 20).await;
    let span = clock::instant().duration_since(start).as_secs_f64() * 1e3;
    desk.screen.point_at((700, 20));
    span
}

async fn until(desk: &Desk, wanted: impl Fn(usize) -> bool) {
    let looking = async {
        while !wanted(desk.screen.picture(ROWS).colours()) {
            clock::pause(GLANCE).await;
        }
    };
    if timeout(TIMEOUT, looking).await.is_err() {
        desk.picture().keep_in("window", "failed");
        panic!("the rows are not painted\n{}", desk.window.as_ref().map(Program::said).unwrap_or_default());
    }
}

/// The time from something until the rows look different.
async fn until_rows_change(desk: &Desk, act: impl FnOnce()) -> f64 {
    let before = desk.screen.picture(ROWS);
    let start = clock::instant();
    act();
    let looking = async {
        while desk.screen.picture(ROWS) == before {
            clock::pause(GLANCE).await;
        }
    };
    if timeout(TIMEOUT, looking).await.is_err() {
        desk.picture().keep_in("window", "failed");
        panic!("the rows stay as they are");
    }
    clock::instant().duration_since(start).as_secs_f64() * 1e3
}

fn proc(desk: &Desk, file: &str) -> String {
    let pid = desk.window.as_ref().expect("it runs").pid();
    fs::read_to_string(PathBuf::from(format!("/proc/{pid}/{file}"))).expect("it runs")
}

/// Megabytes in memory, with a proportional share of the pages shared with other programs.
fn memory(desk: &Desk) -> f64 {
    let text = proc(desk, "smaps_rollup");
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).expect("the kernel says it");
    let kilobytes = line.split_whitespace().next().expect("a number").parse::<f64>().expect("a number");
    kilobytes * 1024.0 / 1e6
}

/// Milliseconds of processor time so far, in steps of 10.
fn processor(desk: &Desk) -> f64 {
    let stat = proc(desk, "stat");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
    let ticks = |place: usize| fields[place - 3].parse::<f64>().expect("a number");
    (ticks(14) + ticks(15)) * 10.0
}
