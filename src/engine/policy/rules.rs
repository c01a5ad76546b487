//! What the user's rules say about a message.
//!
//! Invariant: the rules are tried in order, and the first that applies is the last one tried unless it says that the others go
//! on. No rule drops a message; and without `emergency = true` a rule neither hides an emergency nor makes it less noticeable.
//! The answer depends on nothing that a restart forgets.

use std::cell::OnceCell;

use super::circumstances::Circumstances;
use crate::domain::message::{Entry, Message, Priority};
use crate::domain::rules::{Condition, Effect, Pattern, Rule, Searched, TimeOfDay, day_name};

/// What all rules together say about a message. A later rule replaces what an earlier one said about the same thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruled<'a> {
    /// Whether it is shown.
    pub show: bool,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// The name of its sound.
    pub sound: Option<&'a str>,
    /// The group of which only the latest message is on the screen.
    pub group: Option<String>,
    /// When it is shown, unix seconds; that may be over.
    pub hold_until: Option<i64>,
    /// Whether it counts as read.
    pub read: bool,
    /// The programs to run for it.
    pub hooks: Vec<&'a [String]>,
    /// Whether an emergency may be acknowledged automatically.
    pub acknowledge: bool,
}

impl Ruled<'_> {
    const UNCHANGED: Self = Self {
        show: true,
        priority: None,
        sound: None,
        group: None,
        hold_until: None,
        read: false,
        hooks: Vec::new(),
        acknowledge: true,
    };
}

/// What the rules say about a message.
pub fn ruled<'a>(entry: &Entry, circumstances: &Circumstances<'a>) -> Ruled<'a> {
    let mut all = Ruled::UNCHANGED;
    each_tried(entry, circumstances, |rule, mismatch| {
        if mismatch.is_none() {
            apply(&mut all, rule, entry, circumstances.utc_offset);
        }
    });
    all
}

/// Why a rule does not apply to a message; `None` for one that does. Rules that are not tried are left out.
pub fn explain(entry: &Entry, circumstances: &Circumstances<'_>) -> Vec<Option<String>> {
    let mut explained = Vec::new();
    let text = MessageText::of(&entry.message);
    each_tried(entry, circumstances, |rule, mismatch| {
        explained
            .push(mismatch.map(|part| part.in_words(&rule.when, entry, &text, circumstances.utc_offset)));
    });
    explained
}

/// What a rule does to a message that it applies to, in words; `None` where the rule would hide an emergency and may not.
pub fn effects(rule: &Rule, entry: &Entry) -> Vec<(String, bool)> {
    let Effect { show, priority, sound, group, hold_until, read, hook, acknowledge } = &rule.then;
    let is_protected = is_protected(rule, entry);
    let mut effects = Vec::new();
    let mut add = |words: Option<String>, hides: bool| {
        effects.extend(words.map(|words| (words, hides && is_protected)));
    };
    add(show.map(|show| if show { "show it" } else { "do not show it" }.to_owned()), *show == Some(false));
    add(priority.map(|priority| format!("priority {}", priority.number())), true);
    add(sound.as_ref().map(|sound| format!("sound {sound}")), sound.as_deref().is_some_and(is_silence));
    let name = group.as_ref().map(|group| group.of(&entry.message.app, title_of(&entry.message)));
    add(name.map(|name| format!("group \"{name}\"")), true);
    add(hold_until.map(|time| format!("hold it until {time}")), true);
    add(
        read.map(|read| if read { "mark it as read" } else { "leave it unread" }.to_owned()),
        *read == Some(true),
    );
    add((!hook.is_empty()).then(|| "run a program".to_owned()), false);
    add(
        acknowledge.map(|may| {
            if may { "acknowledge it as the settings say" } else { "do not acknowledge it automatically" }
                .to_owned()
        }),
        false,
    );
    effects
}

/// Why a rule can never change anything; `None` if it can. `earlier` are the rules before it.
pub fn never_applies(rule: &Rule, earlier: &[Rule], unix: i64) -> Option<String> {
    if rule.until.is_some_and(|until| until <= unix) {
        return Some("it has ended".to_owned());
    }
    let Condition { min_priority, max_priority, .. } = &rule.when;
    if min_priority.zip(*max_priority).is_some_and(|(lowest, highest)| lowest > highest) {
        return Some("its min_priority is above its max_priority".to_owned());
    }
    if rule.then == Effect::default() && rule.goes_on {
        return Some("it does nothing".to_owned());
    }
    let stops_all = |before: &&Rule| {
        !before.goes_on
            && before.until.is_none()
            && (before.when == Condition::default() || before.when == rule.when)
    };
    let number = earlier.iter().position(|before| stops_all(&before))?;
    let before = earlier.get(number)?;
    Some(format!("{} applies to the same messages and is tried first", before.title(number + 1)))
}

/// Calls a function for each rule that is tried, with the part of its condition that does not match.
fn each_tried<'a>(
    entry: &Entry,
    circumstances: &Circumstances<'a>,
    mut tried: impl FnMut(&'a Rule, Option<Part>),
) {
    if circumstances.rules.is_empty() {
        return;
    }
    let text = MessageText::of(&entry.message);
    for rule in circumstances.rules {
        let mismatch = mismatch(rule, entry, &text, circumstances.utc_offset);
        tried(rule, mismatch);
        if mismatch.is_none() && !rule.goes_on {
            return;
        }
    }
}

fn apply<'a>(all: &mut Ruled<'a>, rule: &'a Rule, entry: &Entry, utc_offset: i32) {
    let Effect { show, priority, sound, group, hold_until, read, hook, acknowledge } = &rule.then;
    if !hook.is_empty() {
        all.hooks.push(hook);
    }
    all.acknowledge = acknowledge.unwrap_or(all.acknowledge);
    let may_hide = !is_protected(rule, entry);
    if let Some(sound) = sound.as_deref().filter(|sound| may_hide || !is_silence(sound)) {
        all.sound = Some(sound);
    }
    all.show = show.filter(|show| *show || may_hide).unwrap_or(all.show);
    all.read = read.filter(|read| !*read || may_hide).unwrap_or(all.read);
    if !may_hide {
        return;
    }
    all.priority = priority.or(all.priority);
    if let Some(time) = hold_until {
        all.hold_until = Some(time.next_after(entry.recorded, utc_offset));
    }
    // Emergencies are told apart by their receipts.
    if let Some(group) = group.as_ref().filter(|_| entry.message.priority < Priority::Emergency) {
        all.group = Some(group.of(&entry.message.app, title_of(&entry.message)));
    }
}

fn is_protected(rule: &Rule, entry: &Entry) -> bool {
    entry.message.priority == Priority::Emergency && !rule.may_hide_emergencies
}

fn is_silence(sound: &str) -> bool {
    matches!(sound.trim(), "none" | "no" | "vibrate")
}

/// A part of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Until,
    MinPriority,
    MaxPriority,
    Hours,
    Days,
    App,
    Sound,
    Url,
    Title,
    Text,
}

/// The part of a rule's condition that does not match, the cheapest to check first.
fn mismatch(rule: &Rule, entry: &Entry, text: &MessageText<'_>, utc_offset: i32) -> Option<Part> {
    let when = &rule.when;
    let differs = |pattern: &Option<Pattern>, searched: &Searched<'_>| {
        pattern.as_ref().is_some_and(|pattern| !pattern.matches(searched))
    };
    let priority = entry.message.priority;
    [
        (Part::Until, rule.until.is_some_and(|until| entry.recorded >= until)),
        (Part::MinPriority, when.min_priority.is_some_and(|lowest| priority < lowest)),
        (Part::MaxPriority, when.max_priority.is_some_and(|highest| priority > highest)),
        (
            Part::Hours,
            when.hours.is_some_and(|hours| !hours.contain(TimeOfDay::of(entry.recorded, utc_offset))),
        ),
        (Part::Days, when.days.is_some_and(|days| !days.contain(entry.recorded, utc_offset))),
    ]
    .into_iter()
    .find(|(_, differs)| *differs)
    .map(|(part, _)| part)
    .or_else(|| differs(&when.app, &text.app).then_some(Part::App))
    .or_else(|| differs(&when.sound, &text.sound).then_some(Part::Sound))
    .or_else(|| differs(&when.url, &text.url).then_some(Part::Url))
    .or_else(|| differs(&when.title, &text.title).then_some(Part::Title))
    .or_else(|| when.text.as_ref().is_some_and(|pattern| !pattern.matches(text.body())).then_some(Part::Text))
}

impl Part {
    /// A sentence on why it does not match.
    fn in_words(self, when: &Condition, entry: &Entry, text: &MessageText<'_>, utc_offset: i32) -> String {
        let differs = |name: &str, pattern: &Option<Pattern>, searched: &Searched<'_>| {
            let pattern = pattern.as_ref().map(ToString::to_string).unwrap_or_default();
            if searched.is_empty() {
                format!("it has no {name}, and {pattern:?} is needed")
            } else {
                format!("its {name} does not contain {pattern:?}")
            }
        };
        let priority = entry.message.priority.number();
        match self {
            Self::Until => "the rule had ended when it was recorded".to_owned(),
            Self::MinPriority => {
                let lowest = when.min_priority.map_or(priority, Priority::number);
                format!("its priority {priority} is below {lowest}")
            }
            Self::MaxPriority => {
                let highest = when.max_priority.map_or(priority, Priority::number);
                format!("its priority {priority} is above {highest}")
            }
            Self::Hours => {
                let hours = when.hours.map(|hours| hours.to_string()).unwrap_or_default();
                format!("it was recorded at {}, outside {hours}", TimeOfDay::of(entry.recorded, utc_offset))
            }
            Self::Days => {
                let days = when.days.map(|days| days.to_string()).unwrap_or_default();
                format!(
                    "it was recorded on {}, and the days are {days}",
                    day_name(entry.recorded, utc_offset)
                )
            }
            Self::App => differs("application", &when.app, &text.app),
            Self::Sound => differs("sound", &when.sound, &text.sound),
            Self::Url => differs("link", &when.url, &text.url),
            Self::Title => differs("title", &when.title, &text.title),
            Self::Text => differs("text", &when.text, text.body()),
        }
    }
}

/// The texts of a message, prepared once for all rules. The body may have to be separated from its markup first, so that is left
/// until a rule asks for it.
struct MessageText<'a> {
    message: &'a Message,
    app: Searched<'a>,
    sound: Searched<'a>,
    url: Searched<'a>,
    title: Searched<'a>,
    body: OnceCell<Searched<'a>>,
}

impl<'a> MessageText<'a> {
    fn of(message: &'a Message) -> Self {
        let url = message.url.as_deref().filter(|_| !message.encrypted).unwrap_or_default();
        Self {
            message,
            app: Searched::new(&message.app),
            sound: Searched::new(message.sound.as_deref().unwrap_or_default()),
            url: Searched::new(url),
            title: Searched::new(title_of(message)),
            body: OnceCell::new(),
        }
    }

    fn body(&self) -> &Searched<'a> {
        self.body.get_or_init(|| Searched::new(self.message.beginning()))
    }
}

fn title_of(message: &Message) -> &str {
    message.title.as_deref().filter(|_| !message.encrypted).unwrap_or_default()
}
