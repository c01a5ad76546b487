//! Drives a state machine of the engine: feeds it events and the time, and waits for its deadlines.
//!
//! Invariant: a machine gets the time and its jitter from here, and none of its deadlines is missed.

use std::time::Instant;

use crate::engine::fetch::{self, Fetch};
use crate::engine::link::{self, Link};
use crate::engine::receipts::{self, Receipts};
use crate::engine::wake::{self, Wake};
use crate::system::clock;

/// A state machine without I/O.
pub(super) trait Machine {
    /// An event.
    type Input;
    /// An action for the caller.
    type Action;

    /// Handles an input and returns an action. `jitter` is from 0 to 1.
    fn handle_input(&mut self, input: Self::Input, now: Instant, jitter: f64) -> Option<Self::Action>;

    /// Handles the passing of time until `now` and returns an action.
    fn handle_timeout(&mut self, now: Instant, jitter: f64) -> Option<Self::Action>;

    /// When [`Self::handle_timeout`] is due, if ever.
    fn poll_timeout(&self) -> Option<Instant>;
}

/// A machine that runs in real time.
pub(super) struct Driver<M> {
    machine: M,
}

impl<M: Machine> Driver<M> {
    pub(super) fn new(machine: M) -> Self {
        Self { machine }
    }

    pub(super) fn machine(&self) -> &M {
        &self.machine
    }

    /// Waits for the input or the machine's deadline, whichever comes first, and returns an action. An input of `None`
    /// means that something else happened, which may have taken time. Cancel safe if `input` is.
    pub(super) async fn next(&mut self, input: impl Future<Output = Option<M::Input>>) -> Option<M::Action> {
        let input = tokio::select! {
            biased;
            input = input => input,
            () = clock::until(self.deadline()) => None,
        };
        self.step(input)
    }

    /// Feeds the machine an input, or only the time; returns an action.
    pub(super) fn step(&mut self, input: Option<M::Input>) -> Option<M::Action> {
        let (now, jitter) = (clock::instant(), clock::jitter());
        match input {
            Some(input) => self.machine.handle_input(input, now, jitter),
            None => self.machine.handle_timeout(now, jitter),
        }
    }

    /// When to call [`Self::step`] without an input, if ever.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.machine.poll_timeout()
    }
}

/// Implements [`Machine`] with the machine's own methods of the same names.
macro_rules! machine {
    ($machine:ty, $input:ty, $action:ty) => {
        impl Machine for $machine {
            type Input = $input;
            type Action = $action;

            fn handle_input(&mut self, input: $input, now: Instant, jitter: f64) -> Option<$action> {
                self.handle_input(input, now, jitter)
            }

            fn handle_timeout(&mut self, now: Instant, jitter: f64) -> Option<$action> {
                self.handle_timeout(now, jitter)
            }

            fn poll_timeout(&self) -> Option<Instant> {
                self.poll_timeout()
            }
        }
    };
}

machine!(Link, link::Input, link::Action);
machine!(Fetch, fetch::Input, fetch::Action);
machine!(Receipts, receipts::Input, receipts::Action);

impl Machine for Wake {
    type Input = wake::Input;
    type Action = wake::Report;

    fn handle_input(&mut self, input: wake::Input, now: Instant, _jitter: f64) -> Option<wake::Report> {
        self.handle_input(input, now)
    }

    fn handle_timeout(&mut self, now: Instant, _jitter: f64) -> Option<wake::Report> {
        self.handle_timeout(now)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.poll_timeout()
    }
}
