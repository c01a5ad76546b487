//! `handover sandbox`: the stand-in for the service, for developers of senders and clients.
//!
//! Invariant: it prints everything needed to use it before it serves the first request, and then one line a request.

mod lines;

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::{environment, output, signals};
use crate::app::Problem;
use crate::app::problem::Kind;
use crate::sandbox::{FaultRule, Options, Sandbox, Seed, SeedApplication};
use crate::system::clock;

pub(super) use lines::curl_line;

#[derive(Args)]
pub(super) struct Arguments {
    /// Port to listen on; 0 takes any free port
    #[arg(long, default_value_t = 8430)]
    port: u16,
    /// Address to listen on, for a phone or a container; 0.0.0.0 for every network of this computer
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Name by which other computers reach it, besides its addresses; can be given several times
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<String>,
    /// Let web pages of this origin use it, such as `https://example.org`; can be given several times
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// Post callbacks of emergencies to other computers too
    #[arg(long)]
    allow_remote_callbacks: bool,
    /// Listen for TLS too, with a certificate for the service's host names
    #[arg(long)]
    tls: bool,
    /// Port to listen on for TLS
    #[arg(long, value_name = "PORT", default_value_t = 8443, requires = "tls")]
    tls_port: u16,
    /// Be an HTTPS proxy that leads from the service's host names to this stand-in
    #[arg(long)]
    proxy: bool,
    /// Folder for the certificates that --tls and --proxy make
    #[arg(long, value_name = "FOLDER")]
    certificates: Option<PathBuf>,
    /// Start with the accounts, applications, messages, faults and switches in this TOML file
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// Make the same secrets, ids and receipts in every run
    #[arg(long)]
    fixed: bool,
    /// Need this two-factor code to sign in
    #[arg(long, value_name = "CODE")]
    two_factor: Option<String>,
    /// Register a device; can be given several times
    #[arg(long, value_name = "NAME")]
    device: Vec<String>,
    /// Add an application, with a token of your own if you like; can be given several times
    #[arg(long, value_name = "NAME[=TOKEN]")]
    app: Vec<String>,
    /// Change a switch, such as `welcome=false`; can be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    switch: Vec<String>,
    /// Add a fault, such as `fault=status code=503 endpoint=send times=2`; can be given several times
    #[arg(long, value_name = "WORDS")]
    fault: Vec<String>,
    /// How many messages may still be sent this month
    #[arg(long, value_name = "MESSAGES")]
    remaining: Option<u64>,
    /// How far the service's clock is ahead of this computer's
    #[arg(long, value_name = "SECONDS")]
    clock_ahead: Option<i64>,
    /// Print JSON: first all addresses and credentials, then one object a request
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let options = options(arguments)?;
    environment::block_on(async {
        let sandbox = Sandbox::start(options).await.map_err(|error| {
            Problem::new("the stand-in cannot start", error)
                .hint("if a port is in use, take any free one with `--port 0`, and `--tls-port 0` for TLS")
        })?;
        let mut requests = sandbox.finished_requests();
        let stop = CancellationToken::new();
        signals::cancel_on_termination(&stop)?;
        if !arguments.listen.is_loopback() {
            output::aside(lines::warning(&sandbox));
        }
        output::line(if arguments.json {
            lines::description(&sandbox)
        } else {
            lines::introduction(&sandbox)
        });
        let print = async {
            loop {
                let line = match requests.recv().await {
                    Ok(request) if arguments.json => lines::request_json(&request, &sandbox),
                    Ok(request) => lines::request(&request),
                    Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => return,
                };
                // It goes on serving when nobody reads its output any longer.
                output::line(line);
            }
        };
        stop.run_until_cancelled(print).await;
        Ok(())
    })
}

fn options(arguments: &Arguments) -> Result<Options, Problem> {
    let folder = || dirs::data_dir().map(|folder| folder.join("handover").join("sandbox"));
    let certificates = match (&arguments.certificates, arguments.tls || arguments.proxy) {
        (_, false) => None,
        (Some(folder), true) => Some(folder.clone()),
        (None, true) => Some(folder().ok_or_else(|| {
            Problem::new("the certificates cannot be saved", "there is no folder for data")
                .hint("name one with --certificates")
        })?),
    };
    Ok(Options {
        listen: arguments.listen,
        port: arguments.port,
        two_factor: arguments.two_factor.clone(),
        allowed_origins: arguments.allow_origin.clone(),
        allowed_hosts: arguments.allow_host.clone(),
        remote_callbacks: arguments.allow_remote_callbacks,
        seed: seed(arguments)?,
        is_fixed: arguments.fixed,
        certificates,
        tls_port: arguments.tls.then_some(arguments.tls_port),
        is_proxy: arguments.proxy,
        ..Options::new(clock::unix)
    })
}

/// What the seed file says, and the flags after it.
fn seed(arguments: &Arguments) -> Result<Seed, Problem> {
    let mut seed = match &arguments.seed {
        Some(file) => seed_file(file)?,
        None => Seed::default(),
    };
    seed.devices.extend(arguments.device.iter().cloned());
    for app in &arguments.app {
        let (name, token) =
            app.split_once('=').map_or((app.as_str(), None), |(name, token)| (name, Some(token)));
        let token = token.map(str::to_owned);
        seed.applications.push(SeedApplication { name: name.to_owned(), icon: None, token });
    }
    let usage = |what: &str, why: String| Problem::new(what, why).kind(Kind::Usage);
    for switch in &arguments.switch {
        let (name, value) = switch.split_once('=').ok_or_else(|| {
            usage("--switch cannot be used", format!("`{switch}` has no `=`"))
                .hint("such as --switch welcome=false")
        })?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        seed.switches.insert(name.to_owned(), value);
    }
    for fault in &arguments.fault {
        let rule = FaultRule::parse(fault).map_err(|error| {
            usage("--fault cannot be used", error)
                .hint("such as --fault 'fault=status code=503 endpoint=send times=2'")
        })?;
        seed.faults.push(rule);
    }
    seed.remaining = arguments.remaining.or(seed.remaining);
    seed.clock_ahead = arguments.clock_ahead.or(seed.clock_ahead);
    Ok(seed)
}

fn seed_file(file: &std::path::Path) -> Result<Seed, Problem> {
    let what = format!("{} cannot be used", file.display());
    let text = fs::read_to_string(file).map_err(|error| Problem::of_system(&what, &error))?;
    Seed::from_toml(&text).map_err(|error| Problem::new(&what, error))
}

/// An object with one more field at its beginning, for programs that tell lines apart by it.
fn tagged(event: &str, fields: Value) -> String {
    let mut all = Map::from_iter([("event".to_owned(), Value::from(event))]);
    if let Value::Object(fields) = fields {
        all.extend(fields);
    }
    output::json(&Value::Object(all)).unwrap_or_default()
}
