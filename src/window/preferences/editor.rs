//! Rows that change a setting.
//!
//! Invariant: a choice is written into the file at once; one that the file did not take is shown as refused.

use std::cell::Cell;
use std::ffi::OsString;
use std::path::Path;
use std::rc::Rc;

use adw::prelude::*;
use gtk::{gio, glib};

use crate::app::preferences::{self, Change};
use crate::domain::text::capitalized;
use crate::window::environment;
use crate::window::fields;
use crate::window::model::choices::Choice;
use crate::window::words::tr;

/// Writes changes and says why one was refused.
pub(super) struct Editor {
    pub(super) window: glib::WeakRef<adw::PreferencesWindow>,
    pub(super) path: Rc<Path>,
    /// Whether the file has no mistake, so that it can be changed.
    pub(super) is_usable: bool,
}

impl Editor {
    /// Writes a change; whether the file took it.
    fn write(&self, change: &Change) -> bool {
        let Err(problem) = preferences::change(&self.path, change) else { return true };
        self.say(&capitalized(&problem.message));
        false
    }

    /// Shows a sentence for a few seconds.
    pub(super) fn say(&self, words: &str) {
        if let Some(window) = self.window.upgrade() {
            window.add_toast(adw::Toast::new(&glib::markup_escape_text(words)));
        }
    }

    /// A setting with a few values.
    pub(super) fn choice(self: &Rc<Self>, choice: Choice) -> adw::ComboRow {
        let words: Vec<&str> = choice.values.iter().map(|(words, _)| words.as_str()).collect();
        let row = adw::ComboRow::builder().title(choice.title).subtitle(choice.sentence).build();
        row.set_model(Some(&gtk::StringList::new(&words)));
        row.set_selected(u32::try_from(choice.selected).unwrap_or_default());
        row.set_sensitive(self.is_usable);
        let (editor, selected) = (Rc::clone(self), Cell::new(choice.selected));
        row.connect_selected_notify(move |row| {
            let now = usize::try_from(row.selected()).unwrap_or_default();
            let Some((_, change)) = choice.values.get(now).filter(|_| now != selected.get()) else { return };
            if editor.write(change) {
                selected.set(now);
            } else {
                row.set_selected(u32::try_from(selected.get()).unwrap_or_default());
            }
        });
        row
    }

    /// A setting that is typed; `change` says what is wrong with the text.
    pub(super) fn text(
        self: &Rc<Self>,
        title: &str,
        text: &str,
        change: impl Fn(&str) -> Result<Change, String> + 'static,
    ) -> adw::EntryRow {
        let row = adw::EntryRow::builder().title(title).text(text).show_apply_button(true).build();
        fields::name(&row, title);
        row.set_sensitive(self.is_usable);
        let editor = Rc::clone(self);
        row.connect_apply(move |row| {
            let written = match change(&row.text()) {
                Ok(change) => editor.write(&change),
                Err(why) => {
                    editor.say(&why);
                    false
                }
            };
            if written {
                row.remove_css_class("error");
            } else {
                row.add_css_class("error");
            }
        });
        row
    }

    /// A program with its arguments, as on a command line.
    pub(super) fn command(
        self: &Rc<Self>,
        title: &str,
        command: &[String],
        change: impl Fn(Vec<String>) -> Change + 'static,
    ) -> adw::EntryRow {
        self.text(title, &command_line(command), move |line| match arguments(line) {
            Some(arguments) => Ok(change(arguments)),
            None => Err(tr("A quotation mark is not closed.").to_owned()),
        })
    }

    /// A button that opens the file in an editor.
    pub(super) fn open_file(self: &Rc<Self>) -> gtk::Button {
        let button = gtk::Button::builder().label(tr("Open file")).valign(gtk::Align::Center).build();
        let editor = Rc::clone(self);
        button.connect_clicked(move |button| {
            // A missing file cannot be opened.
            if !editor.path.exists()
                && let Err(problem) = preferences::create(&editor.path)
            {
                return editor.say(&capitalized(&problem.message));
            }
            let address = gio::File::for_path(&editor.path).uri();
            let told = Rc::clone(&editor);
            environment::open_elsewhere(button, &address, move || {
                told.say(tr("No program opens this file."));
            });
        });
        button
    }
}

/// A command as a line; only words that need quotation marks get them.
fn command_line(command: &[String]) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:=+,@%~".contains(letter);
    let quoted = |word: &String| {
        if !word.is_empty() && word.chars().all(is_plain) {
            return word.clone();
        }
        glib::shell_quote(word).to_string_lossy().into_owned()
    };
    command.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// The words of a line; no shell is involved, so only quotation marks and backslashes have a meaning.
fn arguments(line: &str) -> Option<Vec<String>> {
    if line.trim().is_empty() {
        return Some(Vec::new());
    }
    let words = glib::shell_parse_argv(line).ok()?;
    words.into_iter().map(OsString::into_string).collect::<Result<_, _>>().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_a_line_and_back() {
        for (command, line) in [
            (&["notify-send", "two words", "it's", ""][..], r"notify-send 'two words' 'it'\''s' ''"),
            (&["~/bin/hook", "--to=a@b"], "~/bin/hook --to=a@b"),
            (&[], ""),
        ] {
            let command: Vec<String> = command.iter().map(ToString::to_string).collect();
            assert_eq!(command_line(&command), line);
            assert_eq!(arguments(line), Some(command));
        }
        assert_eq!(arguments("say 'no end"), None);
    }
}
