//! What the message log survives: killed processes, power losses and damaged files.

mod kill;
mod power_loss;
mod repair;
