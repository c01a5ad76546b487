//! Signing in as pages: which page each question becomes, and which answer each page gives.
//!
//! Invariant: email and password stand on one page although they are two questions; what was typed is asked for again only if
//! it was wrong. The password is held only until it is asked for.

use crate::app::sign_in::{Answer, CodeIssue, Holder, NameIssue, Question, Step};
use crate::domain::account::{DeviceName, Secret};
use crate::domain::settings::Emergency;
use crate::domain::text::capitalized;
use crate::window::words::{fill, tr};

/// How many digits a two-factor code has.
const CODE: usize = 6;

/// A page with a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// Email and password.
    Account {
        /// What the email field begins with.
        email: String,
        /// What was wrong with email or password.
        error: Option<String>,
    },
    /// The two-factor code.
    Code {
        /// What was wrong with the previous one.
        error: Option<String>,
    },
    /// How emergencies are handled.
    Emergencies {
        /// How they are handled now.
        now: Emergency,
    },
    /// The name of this computer.
    Name {
        /// What the field begins with.
        proposed: String,
        /// What was wrong with the previous one.
        error: Option<String>,
    },
    /// A name that is taken, and the two ways out.
    Taken {
        /// Who has the name, in words.
        words: String,
        /// What taking it over does, in words.
        consequence: String,
        /// Whether taking it over is what most people want here.
        is_ours: bool,
    },
    /// The service could not be asked.
    Again {
        /// Why, in words.
        why: String,
    },
}

/// What to do with a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Answer it: the user has said so already.
    Answer(Answer),
    /// Show a page.
    Show(Page),
}

/// What was typed and not asked for yet.
#[derive(Debug, Default)]
pub struct Conversation {
    /// The email address of the last sign-in, which is offered.
    email_before: Option<String>,
    asked: Option<Question>,
    email: Option<String>,
    password: Option<Secret>,
}

impl Conversation {
    /// A conversation that has not begun, with the email address of the last sign-in.
    pub fn new(email_before: Option<String>) -> Self {
        Self { email_before, ..Self::default() }
    }

    /// The next question of the service's conversation.
    pub fn question(&mut self, question: Question) -> Reaction {
        let reaction = match &question {
            Question::Email { typed } => {
                if let Some(email) = self.email.take() {
                    Reaction::Answer(Answer::Email(email))
                } else {
                    let email = typed.clone().or_else(|| self.email_before.clone());
                    Reaction::Show(Page::Account { email: email.unwrap_or_default(), error: None })
                }
            }
            Question::Password { email, refused } => {
                if let Some(password) = self.password.take().filter(|_| refused.is_none()) {
                    Reaction::Answer(Answer::Password(password))
                } else {
                    let error = refused.as_deref().map(capitalized);
                    Reaction::Show(Page::Account { email: email.clone(), error })
                }
            }
            Question::Code { issue } => Reaction::Show(Page::Code {
                error: issue.as_ref().map(|issue| match issue {
                    CodeIssue::NotAccepted => {
                        tr("This code was not accepted. Codes change every 30 seconds.").to_owned()
                    }
                    CodeIssue::Refused(why) => capitalized(why),
                }),
            }),
            Question::Emergencies { now } => Reaction::Show(Page::Emergencies { now: *now }),
            Question::Name { proposed, issue } => Reaction::Show(name_page(proposed, issue.as_ref())),
            Question::TakeOver { name, holder } => Reaction::Show(taken_page(name, *holder)),
            Question::Again { step, why } => {
                let why = [("why", why.as_str())];
                Reaction::Show(Page::Again {
                    why: match step {
                        Step::LogIn => fill("Signing in failed: {why}", &why),
                        Step::Register => fill("This computer could not be registered: {why}", &why),
                    },
                })
            }
        };
        self.asked = Some(question);
        reaction
    }

    /// The answer of the page for email and password.
    pub fn account(&mut self, email: &str, password: Secret) -> Answer {
        let email = email.trim().to_owned();
        match &self.asked {
            Some(Question::Password { email: asked, .. }) if *asked == email => Answer::Password(password),
            Some(Question::Password { .. }) => {
                self.email = Some(email);
                self.password = Some(password);
                Answer::Back
            }
            _ => {
                self.password = Some(password);
                Answer::Email(email)
            }
        }
    }
}

fn name_page(proposed: &DeviceName, issue: Option<&NameIssue>) -> Page {
    let (proposed, error) = match issue {
        None => (proposed.clone(), None),
        Some(NameIssue::Taken) => {
            (proposed.alternative(), Some(fill("The name {name} is taken.", &[("name", proposed.as_str())])))
        }
        Some(NameIssue::Refused(why)) => (proposed.clone(), Some(capitalized(why))),
        Some(NameIssue::TooManyDevices(why)) => (
            proposed.clone(),
            Some(fill(
                "{why}. Remove a device at pushover.net, or enter the name of one to take it over.",
                &[("why", &capitalized(why))],
            )),
        ),
    };
    Page::Name { proposed: proposed.to_string(), error }
}

fn taken_page(name: &DeviceName, holder: Holder) -> Page {
    let named = [("name", name.as_str())];
    let words = match holder {
        Holder::Another => fill("Another device of your account is called {name}.", &named),
        Holder::ThisBefore => fill("This computer was registered as {name} before.", &named),
        Holder::PerhapsThis => fill(
            "The name {name} is taken, possibly by this computer: the last request may have reached the service although no \
             reply came back.",
            &named,
        ),
    };
    let is_ours = holder != Holder::Another;
    let consequence = if is_ours {
        fill("Take over {name} again", &named)
    } else {
        fill("Take over {name}: the device that has it stops receiving", &named)
    };
    Page::Taken { words, consequence, is_ours }
}

/// Why the form cannot be sent yet; `None` when it can.
pub fn account_error(email: &str, password: &str) -> Option<&'static str> {
    if email.trim().is_empty() || !email.contains('@') {
        Some(tr("Enter the address you use to sign in at pushover.net."))
    } else if password.is_empty() {
        Some(tr("Enter your password."))
    } else {
        None
    }
}

/// The digits of a code that was typed or pasted, and whether it is complete.
pub fn code(typed: &str) -> (String, bool) {
    let digits: String = typed.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect();
    let is_complete = digits.len() == CODE && digits.bytes().all(|digit| digit.is_ascii_digit());
    (digits, is_complete)
}

/// Why this is not a valid name; an empty one is not wrong yet.
pub fn name_error(typed: &str) -> Option<String> {
    if typed.is_empty() || DeviceName::new(typed).is_some() {
        return None;
    }
    let invalid = typed.chars().find(|letter| DeviceName::new(letter.encode_utf8(&mut [0; 4])).is_none());
    Some(match invalid {
        Some(letter) if letter.is_whitespace() => tr("A name cannot contain spaces.").to_owned(),
        Some(letter) => {
            fill("A name cannot contain {letter}", &[("letter", letter.encode_utf8(&mut [0; 4]))])
        }
        None => {
            let most = DeviceName::MAX.to_string();
            fill("A name cannot be longer than {most} characters.", &[("most", &most)])
        }
    })
}

/// The ways to handle emergencies, each with a heading and a sentence.
pub fn emergencies(presence_is_known: bool) -> [(Emergency, &'static str, &'static str); 4] {
    let auto = if presence_is_known {
        tr(
            "Acknowledged once it is shown while this computer is unlocked and in use. Otherwise the alarm goes on.",
        )
    } else {
        tr("Acknowledged once it is shown, because this desktop cannot tell whether you are here.")
    };
    [
        (Emergency::Auto, tr("When I am here"), auto),
        (Emergency::Always, tr("Always"), tr("Acknowledged once it is shown, even while nobody is here.")),
        (
            Emergency::Manual,
            tr("By me"),
            tr("I acknowledge it on the notification, in this window or in the tray."),
        ),
        (
            Emergency::Never,
            tr("Not from notifications"),
            tr(
                "Notifications have no button for it. I can still acknowledge it in this window or in the tray.",
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn password_question(refused: Option<&str>) -> Question {
        Question::Password { email: "a@b.example".to_owned(), refused: refused.map(str::to_owned) }
    }

    #[test]
    fn email_and_password_are_typed_on_one_page() {
        let mut conversation = Conversation::default();
        let page = conversation.question(Question::Email { typed: None });
        assert_eq!(page, Reaction::Show(Page::Account { email: String::new(), error: None }));
        let answer = conversation.account(" a@b.example ", secret("pw"));
        assert_eq!(answer, Answer::Email("a@b.example".to_owned()));
        let reaction = conversation.question(password_question(None));
        assert_eq!(reaction, Reaction::Answer(Answer::Password(secret("pw"))));
        let page = conversation.question(password_question(Some("invalid password")));
        let error = Some("Invalid password".to_owned());
        assert_eq!(page, Reaction::Show(Page::Account { email: "a@b.example".to_owned(), error }));
        assert_eq!(conversation.account("a@b.example", secret("new")), Answer::Password(secret("new")));
    }

    #[test]
    fn another_email_on_the_page_with_the_wrong_password_goes_back_by_itself() {
        let mut conversation = Conversation::default();
        conversation.question(password_question(Some("wrong")));
        assert_eq!(conversation.account("c@d.example", secret("other")), Answer::Back);
        let email = conversation.question(Question::Email { typed: Some("a@b.example".to_owned()) });
        assert_eq!(email, Reaction::Answer(Answer::Email("c@d.example".to_owned())));
        let reaction =
            conversation.question(Question::Password { email: "c@d.example".to_owned(), refused: None });
        assert_eq!(reaction, Reaction::Answer(Answer::Password(secret("other"))));
    }

    #[test]
    fn a_taken_name_has_two_ways_out() {
        let mut conversation = Conversation::default();
        let name = DeviceName::new("desk").unwrap();
        let question = Question::TakeOver { name: name.clone(), holder: Holder::Another };
        let Reaction::Show(Page::Taken { words, is_ours, .. }) = conversation.question(question) else {
            panic!()
        };
        assert!(words.contains("called desk") && !is_ours);
        let question = Question::Name { proposed: name, issue: Some(NameIssue::Taken) };
        let Reaction::Show(Page::Name { proposed, error }) = conversation.question(question) else {
            panic!()
        };
        assert!(proposed != "desk" && error.is_some_and(|error| error.contains("desk is taken")));
    }

    #[test]
    fn a_code_may_be_pasted_with_blanks() {
        assert_eq!(code(" 123 456\n"), ("123456".to_owned(), true));
        assert_eq!(code("12-34"), ("1234".to_owned(), false));
        assert_eq!(code("12345x"), ("12345x".to_owned(), false));
    }

    #[test]
    fn what_is_missing_or_invalid_is_said_while_it_is_typed() {
        assert!(account_error("", "x").is_some() && account_error("a", "x").is_some());
        assert!(account_error("a@b", "").is_some() && account_error("a@b", "x").is_none());
        assert_eq!(name_error(""), None);
        assert_eq!(name_error("my desk").as_deref(), Some("A name cannot contain spaces."));
        assert!(name_error(&"a".repeat(26)).is_some_and(|error| error.contains("25 characters")));
    }
}
