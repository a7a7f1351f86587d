//! The machine as a command gets it: the doors of `sys`, and how much stack there is.

use eval::error::Eval;
use eval::{ErrorKind, Evaluator};
use std::sync::Arc;
use sys::{Clock, DiskFs, Env, Fs, ProcessEnv, SystemClock};

/// Stack of the thread that evaluates. Deep recursion in Nix code is recursion here; the memory is
/// committed only as it is touched.
pub const STACK: usize = 2 << 30;
/// Most memory of an evaluation where the machine does not tell how much it has.
const FALLBACK_MEMORY: u64 = 4 << 30;
/// The least stack that is tried where address space is limited.
const LEAST_STACK: usize = 16 << 20;

/// The doors to the machine.
pub struct Machine {
    /// Files.
    pub fs: Arc<dyn Fs>,
    /// Variables and folders.
    pub env: Arc<dyn Env>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Bytes of stack of the current thread.
    pub stack: usize,
}

impl Machine {
    /// Runs `command` on this machine, on a thread with a large stack, and returns its exit code.
    pub fn run(command: impl FnOnce(&Machine) -> u8 + Send + Clone + 'static) -> u8 {
        let mut stack = STACK;
        loop {
            let command = command.clone();
            let thread = std::thread::Builder::new()
                .name("main".into())
                .stack_size(stack)
                .spawn(move || {
                    command(&Machine {
                        fs: Arc::new(DiskFs),
                        env: Arc::new(ProcessEnv),
                        clock: Arc::new(SystemClock::new()),
                        stack,
                    })
                });
            match thread {
                Ok(thread) => return thread.join().unwrap_or(crate::exit::OUR_BUG),
                Err(_) if stack > LEAST_STACK => stack /= 2,
                Err(_) => return crate::exit::CANNOT_START,
            }
        }
    }

    /// Returns the machine's system as Nix names it, for instance `x86_64-linux`.
    pub fn system(&self) -> String {
        let os = if std::env::consts::OS == "macos" {
            "darwin"
        } else {
            std::env::consts::OS
        };
        format!("{}-{os}", std::env::consts::ARCH)
    }

    /// Returns the most memory in bytes that one evaluation may take: as asked for, or half of what
    /// the machine, or the container, has.
    pub fn max_memory(&self, asked: Option<u64>) -> u64 {
        asked.unwrap_or_else(|| sys::memory_capacity(self.fs.as_ref()).map_or(FALLBACK_MEMORY, |all| all / 2))
    }

    /// Returns the current folder, or the root if it is gone.
    pub fn current_dir(&self) -> Vec<u8> {
        self.env
            .current_dir()
            .map_or_else(|_| b"/".to_vec(), |d| d.into_os_string().into_encoded_bytes())
    }

    /// Returns all of standard input.
    pub fn stdin(&self, ev: &mut Evaluator) -> Eval<Vec<u8>> {
        use std::io::Read;
        let mut text = Vec::new();
        match std::io::stdin().lock().read_to_end(&mut text) {
            Ok(_) => Ok(text),
            Err(error) => Err(ev.fail(ErrorKind::Io, format!("reading standard input: {error}"))),
        }
    }
}
