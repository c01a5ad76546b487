//! `handover status`: how things stand.
//!
//! Invariant: the first line is the sentence every surface shows; exit 0 when a daemon runs, 4 when none does.

use clap::Args;

use super::{environment, output};
use crate::app::Problem;
use crate::app::surroundings::Surroundings;
use crate::control::{Error, Reply, Request, StatusReport, ask};

#[derive(Args)]
pub(super) struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let surroundings = environment::surroundings()?;
    environment::block_on(async {
        let status = match ask(&surroundings.paths.socket, &Request::Status).await {
            Ok(Reply::Status(status)) => status,
            Ok(Reply::Done { .. } | Reply::Failed { .. }) => {
                return Err(Problem::new("the status cannot be read", "the daemon answered something else"));
            }
            Err(Error::NotRunning) => return Err(not_running(&surroundings).await),
            Err(error) => return Err(error.into()),
        };
        if arguments.json {
            let json =
                output::json(&status).map_err(|error| Problem::new("the status cannot be printed", error))?;
            output::line(json);
        } else {
            in_words(&status).iter().for_each(output::line);
        }
        Ok(())
    })
}

/// No daemon runs; the next step depends on whether somebody is signed in.
async fn not_running(surroundings: &Surroundings) -> Problem {
    let problem = Problem::not_running();
    match surroundings.place_of_login().await {
        Ok(Some(_)) => problem.hint("you are signed in; start it with `handover run`"),
        Ok(None) => problem.hint("nobody is signed in: run `handover setup`, then `handover run`"),
        Err(_) => problem,
    }
}

fn in_words(status: &StatusReport) -> Vec<String> {
    let mut lines = vec![status.sentence.clone(), format!("since    {}", output::local_time(status.since))];
    if let Some(last) = status.last_message {
        lines.push(format!("latest   {}, {}", output::local_time(last), output::ago(last)));
    }
    lines.extend(status.licence.iter().map(|licence| format!("licence  {}", output::harmless(licence))));
    lines.extend(status.problems.iter().map(|problem| format!("problem  {}", output::harmless(problem))));
    lines
}
