//! The options of `handover send`.
//!
//! Invariant: an option that is not given is left to the template.

use std::io::{self, Read as _};
use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};

use crate::app::Problem;
use crate::app::problem::Kind;
use crate::app::send::sounds::BUILT_IN;
use crate::app::send::{Options, Variables};
use crate::app::time_format;
use crate::domain::message::Priority;
use crate::domain::sending::settings::Format;
use crate::system::clock;

/// Far more bytes than a message may have.
const LONGEST_INPUT: u64 = 1 << 20;

#[derive(Args)]
pub(super) struct Message {
    /// The text; `-` reads it from standard input, or, with --template, a JSON object with the values of its variables
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
    /// Whom to send to: names and tags from the settings, as in `ops and not night`; may be repeated
    #[arg(long, value_name = "WHOM")]
    to: Vec<String>,
    /// The application to send as, by its name in the settings
    #[arg(long, value_name = "NAME")]
    application: Option<String>,
    /// The title, 250 characters at most
    #[arg(long)]
    title: Option<String>,
    /// A link, 512 characters at most
    #[arg(long)]
    url: Option<String>,
    /// The title of the link, 100 characters at most
    #[arg(long)]
    url_title: Option<String>,
    /// lowest, low, normal, high or emergency, or -2 to 2
    #[arg(long, value_parser = priority, allow_hyphen_values = true)]
    priority: Option<Priority>,
    /// How often an emergency is repeated: 30s at least [default: 60s]
    #[arg(long, value_name = "SPAN", value_parser = seconds)]
    retry: Option<u32>,
    /// For how long an emergency is repeated: 3h at most [default: 1h]
    #[arg(long, value_name = "SPAN", value_parser = seconds)]
    expire: Option<u32>,
    /// An address that the service calls when an emergency is acknowledged
    #[arg(long, value_name = "URL")]
    callback: Option<String>,
    /// A tag by which emergencies can be cancelled together; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// The sound; the beginning of its name is enough
    #[arg(long, value_parser = SoundName, hide_possible_values = true)]
    sound: Option<String>,
    /// The text is HTML, with the tags b, i, u, font and a
    #[arg(long, conflicts_with = "monospace")]
    html: bool,
    /// Show the text in a monospaced font
    #[arg(long)]
    monospace: bool,
    /// Remove the message from the devices after this time
    #[arg(long, value_name = "SPAN", value_parser = seconds)]
    ttl: Option<u32>,
    /// The time that is shown: unix seconds, 2026-11-21T08:00, or how long ago, as in 2h
    #[arg(long, value_name = "TIME")]
    timestamp: Option<String>,
    /// A device, instead of all of the recipient; may be repeated
    #[arg(long = "device", value_name = "NAME")]
    devices: Vec<String>,
    /// A picture, 5 MiB at most
    #[arg(long, value_name = "FILE")]
    attachment: Option<PathBuf>,
    /// Encrypt the texts with the end-to-end encryption key
    #[arg(long)]
    encrypt: bool,
    /// A template from the settings
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// A value for a variable of the template; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment, requires = "template")]
    values: Vec<(String, String)>,
    /// Show the request without its secrets, and send nothing
    #[arg(long, conflicts_with_all = ["wait", "queue"])]
    pub(super) dry_run: bool,
    /// Wait until somebody acknowledges the emergency
    #[arg(long, conflicts_with = "queue")]
    pub(super) wait: bool,
    /// Leave the message to the daemon, which sends it once the service can be reached
    #[arg(long)]
    pub(super) queue: bool,
    /// Also print the service's id for the request, and what is left of the quota
    #[arg(long, short)]
    pub(super) verbose: bool,
    /// Print one JSON object for each request
    #[arg(long)]
    pub(super) json: bool,
}

impl Message {
    /// What to send; this reads standard input.
    pub(super) fn into_options(self) -> Result<Options, Problem> {
        let has_template = self.template.is_some();
        let mut variables =
            Variables { given: self.values.into_iter().collect(), document: None, environment: true };
        let mut message = (!self.text.is_empty()).then(|| self.text.join(" "));
        if message.as_deref() == Some("-") {
            let input = standard_input()?;
            if has_template {
                variables.document = Some(document(&input)?);
                message = None;
            } else {
                message = Some(input.trim_end_matches('\n').to_owned());
            }
        }
        let format = match (self.html, self.monospace) {
            (true, _) => Some(Format::Html),
            (false, true) => Some(Format::Monospace),
            (false, false) => None,
        };
        Ok(Options {
            to: self.to,
            application: self.application,
            template: self.template,
            variables,
            message,
            title: self.title,
            url: self.url,
            url_title: self.url_title,
            priority: self.priority,
            retry: self.retry,
            expire: self.expire,
            sound: self.sound,
            format,
            ttl: self.ttl,
            timestamp: self.timestamp.as_deref().map(time).transpose()?,
            devices: self.devices,
            callback: self.callback,
            tags: self.tags,
            attachment: self.attachment,
            picture: None,
            encrypt: self.encrypt,
            shorten: false,
        })
    }
}

fn standard_input() -> Result<String, Problem> {
    let what = "the text cannot be read";
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(LONGEST_INPUT + 1).read_to_end(&mut bytes);
    let length = read.map_err(|error| Problem::of_system(what, &error))?;
    if u64::try_from(length).unwrap_or(u64::MAX) > LONGEST_INPUT {
        return Err(Problem::new(what, format!("it is longer than {LONGEST_INPUT} bytes")).kind(Kind::Usage));
    }
    String::from_utf8(bytes).map_err(|_| Problem::new(what, "it is not UTF-8 text").kind(Kind::Usage))
}

fn document(input: &str) -> Result<serde_json::Value, Problem> {
    let document: serde_json::Value = serde_json::from_str(input).map_err(|error| {
        let place = format!("it is not JSON, line {}, column {}", error.line(), error.column());
        Problem::new("the values of the template cannot be read", place).kind(Kind::Usage)
    })?;
    if document.is_object() {
        return Ok(document);
    }
    Err(Problem::new("the values of the template cannot be read", "standard input is not a JSON object")
        .kind(Kind::Usage))
}

fn time(text: &str) -> Result<i64, Problem> {
    let unix = text.parse().ok();
    let time = unix.or_else(|| time_format::read_since(text, clock::unix(), &jiff::tz::TimeZone::system()));
    time.ok_or_else(|| {
        Problem::new("--timestamp cannot be used", format!("`{text}` is not a time"))
            .kind(Kind::Usage)
            .hint("try 2026-11-21T08:00, 1795262400, or 2h for two hours ago")
    })
}

fn priority(text: &str) -> Result<Priority, &'static str> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "lowest" | "-2" => Priority::Lowest,
        "low" | "-1" => Priority::Low,
        "normal" | "0" => Priority::Normal,
        "high" | "1" => Priority::High,
        "emergency" | "2" => Priority::Emergency,
        _ => return Err("use lowest, low, normal, high or emergency, or -2 to 2"),
    })
}

/// Takes any name, since an account may have sounds of its own. Shells complete the names that every account has.
#[derive(Clone)]
struct SoundName;

impl TypedValueParser for SoundName {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(BUILT_IN.into_iter().map(PossibleValue::new)))
    }
}

fn seconds(text: &str) -> Result<u32, &'static str> {
    let seconds = text.parse().ok().or_else(|| time_format::read_span(text));
    seconds.ok_or("use seconds, or a time like 90s, 5m or 1h")
}

fn assignment(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("use NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
