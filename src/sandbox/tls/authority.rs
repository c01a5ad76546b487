//! The certificate authority of the sandbox, which its user can choose to trust.
//!
//! Invariant: its key is readable by this user only and never leaves its folder, it is constrained to the service's hosts and this
//! computer, and it is valid for a month at most.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, tz};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::sandbox::service::SERVICE_HOSTS;
use crate::system::{atomic_file, private_folder};

/// The days that an authority is valid.
const VALID_DAYS: i32 = 30;

/// The days before its end when a new one is made, so that a run of some days does not outlive it.
const RENEWAL_DAYS: i32 = 7;

/// The address ranges of this computer.
const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Where systems keep the certificates that they trust, in one file.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// A certificate authority, and its folder.
pub(in crate::sandbox) struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    today: Date,
}

impl Authority {
    /// Opens the authority in a folder, or makes one if there is none that is still valid for some days.
    pub(in crate::sandbox) fn open(folder: &Path, now: i64) -> io::Result<Self> {
        private_folder::ensure(folder)?;
        let today = Timestamp::from_second(now).map_err(io::Error::other)?.to_zoned(tz::TimeZone::UTC).date();
        let (certificate, key_file) = (folder.join("ca.pem"), folder.join("ca.key"));
        let saved = fs::read_to_string(&key_file).ok().and_then(|pem| KeyPair::from_pem(&pem).ok());
        let key = match saved {
            Some(key) if is_valid(&certificate, today) => key,
            Some(_) | None => {
                let key = KeyPair::generate().map_err(io::Error::other)?;
                let own = params(today)?.self_signed(&key).map_err(io::Error::other)?;
                // The file is made anew, so that the mode of an older one does not matter.
                atomic_file::replace(&key_file, key.serialize_pem().as_bytes())?;
                atomic_file::replace(&certificate, format!("{}{}", headline(today), own.pem()).as_bytes())?;
                key
            }
        };
        let authority = Self { folder: folder.to_owned(), issuer: Issuer::new(params(today)?, key), today };
        authority.write_bundle()?;
        Ok(authority)
    }

    /// The file with its certificate.
    pub(in crate::sandbox) fn certificate(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The file with its certificate and those that this computer trusts.
    pub(in crate::sandbox) fn bundle(&self) -> PathBuf {
        self.folder.join("bundle.pem")
    }

    /// A server with a certificate for the service's hosts and this computer. Its key is never written anywhere.
    pub(super) fn server(&self) -> io::Result<Arc<ServerConfig>> {
        let names = SERVICE_HOSTS.iter().map(|host| (*host).to_owned()).chain(["localhost".to_owned()]);
        let names: Vec<String> = names.chain(LOOPBACK.iter().map(IpAddr::to_string)).collect();
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params.distinguished_name = named("Handover sandbox");
        set_validity(&mut params, self.today)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .map_err(io::Error::other)?;
        Ok(Arc::new(config))
    }

    /// A program that is given one file of certificates trusts nothing else, so its other hosts are in it too.
    fn write_bundle(&self) -> io::Result<()> {
        let given =
            std::env::var_os("SSL_CERT_FILE").map(PathBuf::from).filter(|file| *file != self.bundle());
        let mut system = given.into_iter().chain(SYSTEM_BUNDLES.map(PathBuf::from));
        let mut bundle = system.find_map(|file| fs::read_to_string(file).ok()).unwrap_or_default();
        bundle += &fs::read_to_string(self.certificate())?;
        atomic_file::replace(&self.bundle(), bundle.as_bytes())
    }
}

/// What the certificate of the authority says.
fn params(today: Date) -> io::Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Handover sandbox authority");
    set_validity(&mut params, today)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let hosts = SERVICE_HOSTS.iter().chain(&["localhost"]);
    let hosts = hosts.map(|host| GeneralSubtree::DnsName((*host).to_owned()));
    let addresses = LOOPBACK.iter().map(|address| {
        let whole = if address.is_ipv4() { 32 } else { 128 };
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, whole))
    });
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: hosts.chain(addresses).collect(),
        excluded_subtrees: Vec::new(),
    });
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// From yesterday, because the clock of a container may be behind.
fn set_validity(params: &mut CertificateParams, today: Date) -> io::Result<()> {
    let ymd = |date: Date| {
        let (month, day) = (u8::try_from(date.month()), u8::try_from(date.day()));
        let (Ok(month), Ok(day)) = (month, day) else { return Err(io::Error::other("not a date")) };
        Ok((i32::from(date.year()), month, day))
    };
    let (year, month, day) = ymd(today.saturating_sub(1.day()))?;
    params.not_before = date_time_ymd(year, month, day);
    let (year, month, day) = ymd(today.saturating_add(VALID_DAYS.days()))?;
    params.not_after = date_time_ymd(year, month, day);
    Ok(())
}

/// The first line of the certificate's file, around its last day.
const HEADLINE: (&str, &str) = (
    "# The certificate authority of `handover sandbox`, valid until ",
    ", for api.pushover.net, client.pushover.net and this computer only.",
);

fn headline(today: Date) -> String {
    format!("{}{}{}\n", HEADLINE.0, today.saturating_add(VALID_DAYS.days()), HEADLINE.1)
}

/// Whether the certificate is valid long enough, going by its first line.
fn is_valid(certificate: &Path, today: Date) -> bool {
    let text = fs::read_to_string(certificate).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let end = line.strip_prefix(HEADLINE.0).and_then(|rest| rest.strip_suffix(HEADLINE.1));
    let end = end.and_then(|end| end.parse::<Date>().ok());
    // One that was made while the clock was wrong is made anew.
    let latest = today.saturating_add(VALID_DAYS.days());
    end.is_some_and(|end| end > today.saturating_add(RENEWAL_DAYS.days()) && end <= latest)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::system::os;

    const DAY: i64 = 86_400;

    #[test]
    fn an_authority_is_kept_until_a_week_before_its_end_and_its_key_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("sandbox");
        let key = || fs::read_to_string(folder.join("ca.key")).unwrap();
        Authority::open(&folder, 0).unwrap();
        let first = key();
        for file in ["ca.key", "."] {
            assert!(!os::is_open_to_others(&folder.join(file).metadata().unwrap()), "{file}");
        }
        Authority::open(&folder, 22 * DAY).unwrap();
        assert_eq!(key(), first);
        Authority::open(&folder, 23 * DAY).unwrap();
        let second = key();
        assert_ne!(second, first);
        // The clock was wrong and is now right.
        Authority::open(&folder, 0).unwrap();
        assert_ne!(key(), second);
        assert!(Authority::open(&folder, 0).unwrap().server().is_ok());
    }
}
