//! How long things may take, and how large they may be.

use std::time::Duration;

/// How scenarios are played. Times are those of a machine with KVM.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings {
    /// How long things may take.
    pub limits: Limits,
    /// What a change may cost.
    pub budgets: Budgets,
    /// By how much the machine is slower than one with KVM: the factor of its accelerator, at least 1.
    pub factor: f64,
    /// The address of the machine's neighbour in its network, by which it is known whether the network works.
    pub gateway: String,
    /// How large the closures of both generations are, where that is known.
    pub sizes: Option<Sizes>,
}

/// How long things may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Until a machine that was started is up.
    pub boot: Duration,
    /// Until a machine that was told to go down is off.
    pub stop: Duration,
    /// For a switch.
    pub switch: Duration,
    /// For whatever else is awaited or run.
    pub step: Duration,
}

/// What a change may cost; nothing is bounded without a budget.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Budgets {
    /// The longest time from the start of the kernel to the end of the boot.
    pub boot_time: Option<Duration>,
    /// The longest time that one unit may take to start.
    pub unit_time: Option<Duration>,
    /// The most bytes of memory in use when the boot has ended.
    pub memory: Option<u64>,
    /// The most bytes of the head's closure.
    pub closure_size: Option<u64>,
    /// The most units that a switch may restart.
    pub restarts: Option<usize>,
    /// Units that a switch must not restart or stop, by patterns of their names with `*`.
    pub keep_running: Vec<String>,
}

/// How large closures are, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sizes {
    /// That of the base.
    pub base: u64,
    /// That of the head.
    pub head: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            boot: Duration::from_secs(120),
            stop: Duration::from_secs(60),
            switch: Duration::from_secs(120),
            step: Duration::from_secs(60),
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            limits: Limits::default(),
            budgets: Budgets::default(),
            factor: 1.0,
            // QEMU's own network has it there.
            gateway: "10.0.2.2".into(),
            sizes: None,
        }
    }
}

impl Settings {
    /// Returns a time of a machine with KVM as the time that it is on this machine.
    pub fn scaled(&self, time: Duration) -> Duration {
        time.mul_f64(self.bounded())
    }

    /// Returns a time on this machine as the time that it is on a machine with KVM.
    pub fn unscaled(&self, time: Duration) -> Duration {
        time.div_f64(self.bounded())
    }

    /// Returns the factor. One that is no number, or absurd, must not make a limit vanish or overflow.
    fn bounded(&self) -> f64 {
        match self.factor.is_finite() {
            true => self.factor.clamp(1.0, 1000.0),
            false => 1.0,
        }
    }
}
