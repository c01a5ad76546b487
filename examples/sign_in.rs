//! Signs in, registers a device, and writes the login to a file that only you can read.
//!
//! `EMAIL=… PASSWORD=… cargo run --example sign_in -- login.json`
#![allow(
    clippy::allow_attributes,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "an example prints, and the tests call it as a module"
)]

use std::error::Error;
use std::path::Path;

use handover::desktop::secrets::file::FileSecrets;
use handover::domain::account::{Credentials, DeviceName, Secret};
use handover::ports::SecretStore as _;
use handover::pushover::{Rest, Servers};
use handover::system::clock;

pub async fn run(
    servers: Servers,
    email: &str,
    password: &str,
    file: &Path,
) -> Result<Credentials, Box<dyn Error>> {
    let rest = Rest::new(servers)?;
    // An account with two-factor authentication needs the code as the third argument.
    let login = rest.login(email, &Secret::new(password), None).await?;
    let device_name = DeviceName::new("example").ok_or("this is not the name of a device")?;
    let device_id = rest.register(&login.secret, &device_name, false).await?;
    let login = Credentials { secret: login.secret, device_id, device_name, registered: clock::unix() };
    FileSecrets::new(file).save(&login).await?;
    println!("registered as {}", login.device_name);
    Ok(login)
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() -> Result<(), Box<dyn Error>> {
    let servers = Servers::new(Servers::API, Servers::WEBSOCKET)?;
    let (email, password) = (std::env::var("EMAIL")?, std::env::var("PASSWORD")?);
    let file = std::env::args().nth(1).ok_or("name a file for the login")?;
    run(servers, &email, &password, Path::new(&file)).await.map(drop)
}
