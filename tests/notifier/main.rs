//! The notifier of a Linux desktop, against a real message bus and a server that records everything.
#![cfg(target_os = "linux")]

#[cfg(test)]
mod availability;
#[cfg(test)]
#[cfg(test)]
mod ending;
#[cfg(test)]
mod events;
#[cfg(test)]
mod forged_replies;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod icon_and_sound;
#[cfg(test)]
mod leftovers;
#[cfg(test)]
mod many_clicks;
#[cfg(test)]
mod parsers;
#[cfg(test)]
#[path = "../fuzz/property.rs"]
mod property;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod showing;
#[cfg(test)]
#[path = "../fuzz/subset.rs"]
mod subset;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod text;
