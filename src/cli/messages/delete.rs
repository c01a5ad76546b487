//! `handover messages --delete`: deletes what the same filters list.
//!
//! Invariant: nothing is deleted unless a person agreed on the terminal, or the command line says `--yes`.

use crate::app::Problem;
use crate::app::context::Context;
use crate::app::e2ee::Reader;
use crate::app::history::{self, Query};
use crate::cli::{environment, output};

/// What is to be deleted.
pub(super) struct Deletion {
    pub(super) query: Query,
    /// Whether unread messages and open emergencies are deleted too.
    pub(super) include_unread: bool,
    /// Whether nobody has to be asked.
    pub(super) is_agreed: bool,
    /// The time of the service.
    pub(super) unix: i64,
}

/// Deletes messages; `reader` is called only where there is something to decrypt.
pub(super) fn run(
    context: &Context,
    deletion: &Deletion,
    reader: impl FnOnce() -> Result<Reader, Problem>,
) -> Result<(), Problem> {
    let selected = history::select(context, &deletion.query, deletion.include_unread, deletion.unix, reader)?;
    if selected.kept > 0 {
        let kept = selected.kept;
        let (what, them) = if kept == 1 { ("message is", "it") } else { ("messages are", "them") };
        output::aside(format!(
            "{kept} {what} unread or an open emergency and kept; --include-unread deletes {them} too"
        ));
    }
    let count = selected.seqs.len();
    if count == 0 {
        output::aside("no messages to delete");
        return Ok(());
    }
    if !deletion.is_agreed && !output::agrees(&format!("Delete {}?", messages(count)), "nothing was deleted")?
    {
        output::aside("nothing was deleted");
        return Ok(());
    }
    environment::block_on(history::delete(context, &selected.seqs))?;
    output::line(format!("{} deleted", messages(count)));
    Ok(())
}

fn messages(count: usize) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}
