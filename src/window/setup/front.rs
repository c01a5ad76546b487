//! Carries the questions of the sign-in to the window and the answers back.
//!
//! Invariant: when the window no longer wants an answer, the sign-in ends as cancelled.

use tokio::sync::{mpsc, oneshot};

use crate::app::Problem;
use crate::app::sign_in::{Answer, FrontEnd, Question, Step};

/// What the sign-in says to the window.
pub(super) enum Said {
    /// It asks the user.
    Asks(Question, oneshot::Sender<Answer>),
    /// It asks the service.
    Waits(Step),
}

/// The window as seen by the sign-in.
pub(super) struct Front(pub(super) mpsc::UnboundedSender<Said>);

impl FrontEnd for Front {
    async fn ask(&mut self, question: Question) -> Result<Answer, Problem> {
        let (answer, answered) = oneshot::channel();
        let cancelled = |()| Problem::failed("signing in was cancelled");
        self.0.send(Said::Asks(question, answer)).map_err(|_gone| cancelled(()))?;
        answered.await.map_err(|_gone| cancelled(()))
    }

    fn waits_for(&mut self, step: Step) {
        // If the window is gone, the next question fails.
        drop(self.0.send(Said::Waits(step)));
    }
}
