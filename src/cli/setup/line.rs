//! A line that the user types, with the editing keys of a shell.
//!
//! Invariant: a masked line is never shown, and a line that the check does not accept is not returned.

use std::io::{self, Write, stderr};

use anstyle::{AnsiColor, Style};
use crossterm::cursor::{MoveToColumn, MoveUp};
use crossterm::event::{
    self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers,
};
use crossterm::style::Print;
use crossterm::terminal::{self, Clear, ClearType};
use crossterm::{execute, queue};
use inquire::InquireError;
use tui_input::{Input, InputRequest};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::cli::output::Colours;

const MARK: Style = AnsiColor::BrightGreen.on_default();
const ANSWER: Style = AnsiColor::BrightCyan.on_default();
const MISTAKE: Style = AnsiColor::BrightRed.on_default();

/// The least room for the line on a narrow terminal.
const MIN_ROOM: usize = 12;

/// What to ask.
pub(super) struct Line<'a> {
    pub(super) label: &'a str,
    pub(super) help: &'a str,
    /// The text to edit.
    pub(super) initial: &'a str,
    /// The answer when nothing is typed.
    pub(super) default: Option<&'a str>,
    pub(super) is_masked: bool,
    /// Why an answer is not accepted.
    pub(super) check: fn(&str) -> Option<String>,
    /// Whether the answer is checked while it is typed.
    pub(super) checks_at_once: bool,
    /// How the answer is shown afterwards, without spaces around it unless this says otherwise.
    pub(super) shown_as: fn(&str) -> &str,
}

impl<'a> Line<'a> {
    /// A line that is shown, and any answer to which is accepted.
    pub(super) fn new(label: &'a str, help: &'a str) -> Self {
        let check = |_: &str| None;
        Self {
            label,
            help,
            initial: "",
            default: None,
            is_masked: false,
            check,
            checks_at_once: false,
            shown_as: str::trim,
        }
    }

    /// Asks.
    pub(super) fn ask(&self) -> Result<String, InquireError> {
        let _raw = RawMode::enter()?;
        let mut input = Input::new(self.initial.to_owned());
        let mut mistake = None;
        loop {
            self.draw(&input, mistake.as_deref())?;
            let before = input.value().len();
            match event::read()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => match Key::of(key, input.value()) {
                    Key::Edit(request) => drop(input.handle(request)),
                    Key::Enter => {
                        let answer = self.answer(&input);
                        mistake = (self.check)(answer);
                        if mistake.is_none() {
                            self.draw_answer((self.shown_as)(answer))?;
                            return Ok(answer.to_owned());
                        }
                        continue;
                    }
                    Key::Cancel => {
                        self.draw_answer("")?;
                        return Err(InquireError::OperationCanceled);
                    }
                    Key::None => continue,
                },
                Event::Paste(text) => {
                    // A line break at the end of what is pasted belongs to the place it was copied from.
                    for letter in text.chars().filter(|letter| !letter.is_control()) {
                        input.handle(InputRequest::InsertChar(letter));
                    }
                }
                Event::Resize(..) => {}
                Event::Key(_) | Event::Mouse(_) | Event::FocusGained | Event::FocusLost => continue,
            }
            if self.checks_at_once {
                mistake = (self.check)(self.answer(&input));
            } else if input.value().len() != before {
                mistake = None;
            }
        }
    }

    fn answer<'b>(&'b self, input: &'b Input) -> &'b str {
        match self.default {
            Some(default) if input.value().is_empty() => default,
            Some(_) | None => input.value(),
        }
    }

    /// Draws the prompt, and below it the mistake or the help.
    fn draw(&self, input: &Input, mistake: Option<&str>) -> io::Result<()> {
        let colours = Colours::of(&stderr());
        let columns = terminal::size().map_or(80, |(columns, _)| usize::from(columns)).max(2 * MIN_ROOM);
        let default = self.default.map(|default| format!("({default}) ")).unwrap_or_default();
        let label = cut(&format!("{} {default}", self.label), columns - MIN_ROOM);
        let begin = label.width() + 2;
        let shown = if self.is_masked {
            Input::new("*".repeat(input.value().chars().count()))
        } else {
            input.clone()
        };
        let shown = shown.with_cursor(input.cursor());
        let room = columns.saturating_sub(begin + 1);
        let scroll = shown.visual_scroll(room);
        let visible = cut(after_columns(shown.value(), scroll), room);
        let below = match mistake {
            Some(mistake) => colours.paint(&cut(&format!("# {mistake}"), columns - 1), MISTAKE),
            None => colours.paint(&cut(&format!("[{}]", self.help), columns - 1), ANSWER),
        };
        let cursor = begin + shown.visual_cursor().saturating_sub(scroll);
        queue!(
            stderr(),
            MoveToColumn(0),
            Clear(ClearType::FromCursorDown),
            Print(format_args!("{} {label}{visible}\r\n{below}", colours.paint("?", MARK))),
            MoveUp(1),
            MoveToColumn(u16::try_from(cursor).unwrap_or(u16::MAX)),
        )?;
        stderr().flush()
    }

    /// Replaces the prompt by the answer.
    fn draw_answer(&self, answer: &str) -> io::Result<()> {
        let colours = Colours::of(&stderr());
        let answer = if self.is_masked && !answer.is_empty() { "********" } else { answer };
        let answer = colours.paint(answer, ANSWER);
        let mark = colours.paint(">", MARK);
        execute!(
            stderr(),
            MoveToColumn(0),
            Clear(ClearType::FromCursorDown),
            Print(format_args!("{mark} {} {answer}\r\n", self.label)),
        )
    }
}

/// What a key means.
enum Key {
    Edit(InputRequest),
    Enter,
    Cancel,
    None,
}

impl Key {
    fn of(key: KeyEvent, typed: &str) -> Self {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        Self::Edit(match key.code {
            KeyCode::Enter => return Self::Enter,
            KeyCode::Char('j' | 'm') if control => return Self::Enter,
            KeyCode::Esc => return Self::Cancel,
            KeyCode::Char('c') if control => return Self::Cancel,
            // The end of input, as in a shell.
            KeyCode::Char('d') if control && typed.is_empty() => return Self::Cancel,
            KeyCode::Char('d') if control => InputRequest::DeleteNextChar,
            KeyCode::Char('a') if control => InputRequest::GoToStart,
            KeyCode::Char('e') if control => InputRequest::GoToEnd,
            KeyCode::Char('b') if control => InputRequest::GoToPrevChar,
            KeyCode::Char('f') if control => InputRequest::GoToNextChar,
            KeyCode::Char('h') if control => InputRequest::DeletePrevChar,
            KeyCode::Char('u') if control => InputRequest::DeleteFromStart,
            KeyCode::Char('k') if control => InputRequest::DeleteTillEnd,
            KeyCode::Char('w') if control => InputRequest::DeletePrevWord,
            KeyCode::Char('y') if control => InputRequest::Yank,
            KeyCode::Char('b') if alt => InputRequest::GoToPrevWord,
            KeyCode::Char('f') if alt => InputRequest::GoToNextWord,
            KeyCode::Char('d') if alt => InputRequest::DeleteNextWord,
            KeyCode::Char(letter) if !control && !alt => InputRequest::InsertChar(letter),
            KeyCode::Backspace if control || alt => InputRequest::DeletePrevWord,
            KeyCode::Backspace => InputRequest::DeletePrevChar,
            KeyCode::Delete if control || alt => InputRequest::DeleteNextWord,
            KeyCode::Delete => InputRequest::DeleteNextChar,
            KeyCode::Left if control || alt => InputRequest::GoToPrevWord,
            KeyCode::Left => InputRequest::GoToPrevChar,
            KeyCode::Right if control || alt => InputRequest::GoToNextWord,
            KeyCode::Right => InputRequest::GoToNextChar,
            KeyCode::Home => InputRequest::GoToStart,
            KeyCode::End => InputRequest::GoToEnd,
            KeyCode::Char(_)
            | KeyCode::Up
            | KeyCode::Down
            | KeyCode::PageUp
            | KeyCode::PageDown
            | KeyCode::Tab
            | KeyCode::BackTab
            | KeyCode::Insert
            | KeyCode::F(_)
            | KeyCode::Null
            | KeyCode::CapsLock
            | KeyCode::ScrollLock
            | KeyCode::NumLock
            | KeyCode::PrintScreen
            | KeyCode::Pause
            | KeyCode::Menu
            | KeyCode::KeypadBegin
            | KeyCode::Media(_)
            | KeyCode::Modifier(_) => return Self::None,
        })
    }
}

/// The text up to this many columns.
fn cut(text: &str, columns: usize) -> String {
    let mut used = 0;
    let fits = |letter: &char| {
        used += letter.width().unwrap_or_default();
        used <= columns
    };
    text.chars().take_while(fits).collect()
}

/// The text after this many columns.
fn after_columns(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let begin = text.char_indices().find(|(_, letter)| {
        let is_after = used >= columns;
        used += letter.width().unwrap_or_default();
        is_after
    });
    begin.and_then(|(begin, _)| text.get(begin..)).unwrap_or_default()
}

/// Gives every key to this program while it exists.
struct RawMode;

impl RawMode {
    fn enter() -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        let raw = Self;
        execute!(stderr(), EnableBracketedPaste)?;
        Ok(raw)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // A terminal that is gone cannot be restored.
        drop(execute!(stderr(), DisableBracketedPaste));
        drop(terminal::disable_raw_mode());
    }
}
