//! Turns what was asked for into requests that the service accepts: template, recipients, defaults and limits.
//!
//! Invariant: nothing is sent here, and no secret is read except the key of end-to-end encryption.

use std::path::PathBuf;

use super::secrets::unknown_application;
use super::{Variables, attachment};
use crate::app::problem::Kind;
use crate::app::{Problem, e2ee};
use crate::domain::message::Priority;
use crate::domain::sending::settings::{Format, Recipient, Template, TemplateTexts};
use crate::domain::sending::template::fill;
use crate::domain::sending::{self, Attachment, Draft, RECIPIENTS};
use crate::domain::settings::Settings;
use crate::ports::SecretStore;
use crate::pushover::e2ee::{Key, encrypt};

const UNSENT: &str = "nothing was sent";

/// What to send. An option that is missing comes from the template.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whom to send to: names, tags, and expressions of both.
    pub to: Vec<String>,
    /// The application.
    pub application: Option<String>,
    /// The template.
    pub template: Option<String>,
    /// The values of its variables.
    pub variables: Variables,
    /// The text; in a template that has one it is the variable `text`.
    pub message: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The link.
    pub url: Option<String>,
    /// The title of the link.
    pub url_title: Option<String>,
    /// The priority.
    pub priority: Option<Priority>,
    /// How often an emergency is repeated, in seconds.
    pub retry: Option<u32>,
    /// For how long an emergency is repeated, in seconds.
    pub expire: Option<u32>,
    /// The sound.
    pub sound: Option<String>,
    /// How the text is read.
    pub format: Option<Format>,
    /// How long the message is kept, in seconds.
    pub ttl: Option<u32>,
    /// The time that is shown, unix seconds.
    pub timestamp: Option<i64>,
    /// The devices, instead of those of the recipients.
    pub devices: Vec<String>,
    /// The address that the service calls when an emergency is acknowledged.
    pub callback: Option<String>,
    /// The tags of an emergency.
    pub tags: Vec<String>,
    /// The file with a picture.
    pub attachment: Option<PathBuf>,
    /// A picture that is not in a file.
    pub picture: Option<Attachment>,
    /// Whether to encrypt the texts end to end.
    pub encrypt: bool,
    /// Whether to cut a plain text or a title that is too long, instead of refusing it.
    pub shorten: bool,
}

/// A request to the service, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The name of the application.
    pub application: String,
    /// The names of the recipients.
    pub recipients: Vec<String>,
    /// The message.
    pub draft: Draft,
}

/// The key of end-to-end encryption, if the message is to be encrypted.
pub async fn encryption<S: SecretStore>(
    settings: &Settings,
    secrets: &S,
    options: &Options,
) -> Result<Option<Key>, Problem> {
    let template = template(settings, options)?;
    if !options.encrypt && !template.is_some_and(|template| template.encrypt) {
        return Ok(None);
    }
    let key = e2ee::load(settings, secrets).await;
    let key = key.map_err(|cause| Problem::because("the message cannot be encrypted", cause))?;
    key.map(Some).ok_or_else(|| {
        Problem::new("the message cannot be encrypted", "there is no key")
            .hint("run `handover setup --encryption-key`")
    })
}

/// The requests for what was asked: one for all recipients that get the same, so that an emergency has one receipt.
pub fn compose(settings: &Settings, options: &Options, key: Option<&Key>) -> Result<Vec<Outgoing>, Problem> {
    let template = template(settings, options)?;
    let application = application(settings, options, template)?;
    let picture = options.attachment.clone().or_else(|| template?.attachment.clone().map(PathBuf::from));
    let picture = match &options.picture {
        Some(picture) => Some(picture.clone()),
        None => picture.map(|path| attachment::read(&path)).transpose()?,
    };
    let mut outgoing: Vec<Outgoing> = Vec::new();
    for name in recipients(settings, options, template)? {
        let Some(recipient) = settings.recipients.get(&name) else { continue };
        let draft = draft(options, template, recipient, picture.clone())?;
        // The service ignores the devices of a request for several users.
        let same = outgoing.iter_mut().find(|other| {
            other.draft == draft && draft.devices.is_empty() && other.recipients.len() < RECIPIENTS
        });
        match same {
            Some(other) => other.recipients.push(name),
            None => {
                outgoing.push(Outgoing { application: application.clone(), recipients: vec![name], draft });
            }
        }
    }
    for request in &mut outgoing {
        if options.shorten {
            request.draft.shorten();
        }
        refuse(&request.draft.check())?;
        if let Some(key) = key {
            let encrypted = encrypt(&request.draft, key);
            request.draft = encrypted.map_err(|error| Problem::failed(error.to_string()))?;
            refuse(&request.draft.check())?;
        }
    }
    Ok(outgoing)
}

/// Fails with everything that the service would refuse.
fn refuse(faults: &[String]) -> Result<(), Problem> {
    if faults.is_empty() { Ok(()) } else { Err(usage(faults.join("; "))) }
}

fn usage(why: impl std::fmt::Display) -> Problem {
    Problem::new(UNSENT, why).kind(Kind::Usage)
}

fn template<'a>(settings: &'a Settings, options: &Options) -> Result<Option<&'a Template>, Problem> {
    let Some(name) = &options.template else { return Ok(None) };
    settings.templates.get(name).map(Some).ok_or_else(|| {
        usage(format!("there is no template `{name}`")).hint(known("templates", settings.templates.keys()))
    })
}

fn application(
    settings: &Settings,
    options: &Options,
    template: Option<&Template>,
) -> Result<String, Problem> {
    let named = options.application.as_ref().or_else(|| template?.application.as_ref());
    application_named(settings, named)
}

/// The application with this name; without one the default, or else the only one.
pub fn application_named(settings: &Settings, named: Option<&String>) -> Result<String, Problem> {
    let applications = &settings.applications;
    if let Some(name) = named {
        let is_known = applications.contains_key(name);
        return if is_known { Ok(name.clone()) } else { Err(unknown_application(name).kind(Kind::Usage)) };
    }
    let default = applications.iter().find(|(_, application)| application.default);
    let only = applications.iter().next().filter(|_| applications.len() == 1);
    match default.or(only) {
        Some((name, _)) => Ok(name.clone()),
        None if applications.is_empty() => Err(Problem::new(UNSENT, "no application is set up").hint(
            "run `handover send setup`; it asks for the token of an application of https://pushover.net/apps",
        )),
        None => Err(usage("there are several applications, and none is the default")
            .hint("name one with --application, or write `default = true` into the section of one")),
    }
}

fn recipients(
    settings: &Settings,
    options: &Options,
    template: Option<&Template>,
) -> Result<Vec<String>, Problem> {
    let all = &settings.recipients;
    if all.is_empty() {
        return Err(Problem::new(UNSENT, "no recipient is set up").hint("run `handover send setup`"));
    }
    let mut expressions = options.to.clone();
    if expressions.is_empty() {
        expressions.extend(template.and_then(|template| template.to.clone()));
    }
    if expressions.is_empty() {
        if let Some((name, _)) = all.iter().next().filter(|_| all.len() == 1) {
            return Ok(vec![name.clone()]);
        }
        return Err(
            usage("no recipient is named").hint(known("use --to with one of the recipients", all.keys()))
        );
    }
    let mut names = Vec::new();
    for expression in &expressions {
        let selected = sending::select(expression, all);
        names.extend(selected.map_err(|why| {
            let hint = "name a recipient or a tag from the settings; a key is not accepted here, since other users could see it";
            usage(why).hint(hint)
        })?);
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn known<'a>(what: &str, names: impl Iterator<Item = &'a String> + 'a) -> String {
    let names: Vec<&str> = names.map(String::as_str).collect();
    if names.is_empty() {
        format!("there are no {what} in the settings")
    } else {
        format!("{what}: {}", names.join(", "))
    }
}

/// The message for one recipient, in their language.
fn draft(
    options: &Options,
    template: Option<&Template>,
    recipient: &Recipient,
    attachment: Option<Attachment>,
) -> Result<Draft, Problem> {
    let none = Template::default();
    let has_template = template.is_some();
    let template = template.unwrap_or(&none);
    let format = options.format.unwrap_or(template.format);
    let in_language = recipient.language.as_ref().and_then(|language| template.languages.get(language));
    let text = |part: fn(&TemplateTexts) -> &Option<String>| {
        in_language.and_then(|texts| part(texts).as_ref()).or_else(|| part(&template.texts).as_ref())
    };
    let value = |name: &str| {
        let text = (name == "text").then(|| options.message.clone()).flatten();
        text.or_else(|| options.variables.value(name))
    };
    // Only the text is HTML.
    let filled = |text: Option<&String>, format: Format| {
        let filled = text.map(|text| fill(text, format, &value)).transpose();
        filled.map_err(|error| {
            usage(format!("the template cannot be filled: {error}"))
                .hint("give a value with --set NAME=VALUE, as JSON on standard input, or in the environment")
        })
    };
    let message = match filled(text(|texts| &texts.message), format)? {
        Some(message) => message,
        None => options.message.clone().ok_or_else(|| {
            usage("there is no text").hint(if has_template {
                "the template has no `message`, so give a text"
            } else {
                "give the text as an argument, or `-` to read it from standard input"
            })
        })?,
    };
    let optional = |given: &Option<String>, text: Option<&String>| match given {
        Some(given) => Ok(Some(given.clone())),
        None => filled(text, Format::Plain),
    };
    let or_else = |given: &Vec<String>, other: &Vec<String>| {
        if given.is_empty() { other.clone() } else { given.clone() }
    };
    let devices = or_else(&or_else(&options.devices, &template.devices), &recipient.devices);
    Ok(Draft {
        title: optional(&options.title, text(|texts| &texts.title))?.filter(|title| !title.is_empty()),
        message,
        format,
        url: optional(&options.url, text(|texts| &texts.url))?,
        url_title: optional(&options.url_title, text(|texts| &texts.url_title))?,
        priority: options.priority.or(template.priority).unwrap_or_default(),
        retry: options.retry.or(template.retry),
        expire: options.expire.or(template.expire),
        sound: options.sound.clone().or_else(|| template.sound.clone()),
        ttl: options.ttl.or(template.ttl),
        timestamp: options.timestamp,
        devices,
        callback: options.callback.clone().or_else(|| template.callback.clone()),
        tags: or_else(&options.tags, &template.tags),
        attachment,
        encrypted: false,
    })
}
