//! What the two ends of the line into a guest say to each other, and what the host tells the agent before it starts.
//!
//! A line carries frames (`frame`), a frame a request or an answer (`message`), both in a hand-written form (`wire`), because
//! the far end is hostile and the near one small. The plan (`plan`) lies in the guest's initial RAM disk, and `loader` reads
//! what a boot loader would start. `mux` is spoken on a line of its own. The program itself is `main.rs`.

pub mod frame;
pub mod loader;
pub mod message;
pub mod mux;
pub mod plan;
mod wire;

pub use frame::{Frame, FrameError, Frames};
pub use message::{Answer, Hello, Reached, Request, Written};
pub use plan::{Mount, Plan, Role};
pub use wire::WireError;

/// The version of all this. An agent is part of the program that talks to it, so another version is a fault.
pub const VERSION: u32 = 2;

/// The name of the serial port that the agent listens on (`virtserialport,name=…`).
pub const PORT: &str = "cfgcheck.agent.0";

/// The name of the serial port over which connections of a build machine go out, if it may have any.
pub const EGRESS: &str = "cfgcheck.egress.0";

/// The port of the guest on which the agent takes those connections, as an HTTP proxy does.
pub const PROXY: u16 = 3128;

/// Where the agent lies in the initial RAM disk: the value of `rdinit=`.
pub const PROGRAM: &str = "/cfgcheck/agent";

/// Where its plan lies.
pub const PLAN: &str = "/cfgcheck/plan";

/// Most bytes of a program's output, or of a file, in one frame.
pub const PIECE: usize = 32 << 10;
