//! `handover http`: the local HTTP API alone, in the foreground.
//!
//! Invariant: the same settings apply as in the daemon; only the address can be overridden.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::app::Problem;
use crate::app::http_api::{Api, Foreground, Parts, Tokens};
use crate::app::problem::Kind;
use crate::app::send::Keys;
use crate::cli::{environment, output, signals};
use crate::control::http::{Access, HttpServer};

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// Listen on this address instead of the one in the settings
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Problem> {
    output::start_log(tracing::level_filters::LevelFilter::INFO)?;
    let mut context = environment::context_with_settings()?;
    let mut settings = context.settings.clone();
    let mut http = settings.http.clone().unwrap_or_default();
    http.listen = arguments.listen.unwrap_or(http.listen);
    if !http.listen.ip().is_loopback() && !http.allow_remote {
        return Err(Problem::new("the HTTP API is not started", "other computers could reach it there")
            .kind(Kind::Usage)
            .hint("use a loopback address, or write `allow_remote = true` into the section [http] of the settings"));
    }
    settings.http = Some(http.clone());
    context.use_settings(settings.clone());
    environment::block_on(async {
        let tokens = Tokens::read(&Keys { settings: &settings, secrets: &context.secrets() }).await?;
        let server = HttpServer::bind(http.listen).await;
        let unusable = |error| Problem::of_system(&format!("{} cannot be used", http.listen), &error);
        let server = server.map_err(unusable)?;
        let address = server.address().map_err(unusable)?;
        let stop = CancellationToken::new();
        signals::cancel_on_termination(&stop)?;
        output::line(format_args!("listening on http://{address}"));
        let (_state, in_use) = watch::channel(Some(Arc::new((settings, tokens))));
        let parts = Parts::of(&context)?;
        let process = Arc::new(Foreground::new(context));
        let api = Api::new(in_use, Arc::clone(&process), parts.clone());
        let work = async {
            tokio::join!(server.serve(Access { hosts: http.hosts }, api), process.send_queued(parts));
        };
        stop.run_until_cancelled(work).await;
        Ok(())
    })
}
