//! `handover http`: the local HTTP API alone, in the foreground.
//!
//! Invariant: the same settings apply as in the daemon; only the address can be overridden.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::app::Problem;
use crate::app::http_api::Foreground;
use crate::cli::{environment, output, signals};

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// Listen on this address instead of the one in the settings
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Problem> {
    output::start_log(tracing::level_filters::LevelFilter::INFO)?;
    let context = environment::context_with_settings()?;
    let foreground = Arc::new(Foreground::new(context, arguments.listen)?);
    environment::block_on(async {
        let stop = CancellationToken::new();
        signals::cancel_on_termination(&stop)?;
        let serving = foreground.serve(|address| output::line(format_args!("listening on http://{address}")));
        stop.run_until_cancelled(Box::pin(serving)).await.map_or(Ok(()), Err)
    })
}
