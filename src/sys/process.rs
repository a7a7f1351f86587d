//! Real processes, with a deadline and bounded output.

use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::exec::{Command, Exec, ExecError, Exit, Output, Taker};

/// Longest time between two looks at whether a silent process has ended.
const POLL: Duration = Duration::from_millis(20);

/// How long a process's output is awaited after its end, as a child that it left behind may hold the pipe open.
const DRAIN: Duration = Duration::from_secs(1);

/// Runs real processes, each in a process group of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessExec;

/// Bytes collected from one pipe by a thread that may outlive the call.
#[derive(Default)]
struct Collected {
    bytes: Vec<u8>,
    truncated: bool,
}

/// Reads a pipe to its end on a thread of its own, keeps the first `limit` bytes, then tells `done`.
fn collect(mut pipe: impl Read + Send + 'static, limit: usize, done: Sender<()>) -> Arc<Mutex<Collected>> {
    let shared = Arc::new(Mutex::new(Collected::default()));
    let collected = Arc::clone(&shared);
    std::thread::spawn(move || {
        let mut buffer = [0; 1 << 16];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    let mut collected = collected.lock().expect("no panic while holding output");
                    let room = limit.saturating_sub(collected.bytes.len());
                    collected.bytes.extend_from_slice(&buffer[..count.min(room)]);
                    collected.truncated |= count > room;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A broken pipe is the end of what there is to read.
                Err(_) => break,
            }
        }
        // Nobody listens any more once the call has returned.
        let _ = done.send(());
    });
    shared
}

/// Pieces of an output that wait to be read, at most.
const WAITING: usize = 16;

/// Reads a pipe to its end on a thread of its own and hands the pieces on for as long as they are taken, then tells
/// `done`. Nothing is collected.
fn pass_on(
    mut pipe: impl Read + Send + 'static,
    pieces: SyncSender<Vec<u8>>,
    done: Sender<()>,
) -> Arc<Mutex<Collected>> {
    std::thread::spawn(move || {
        let mut pieces = Some(pieces);
        let mut buffer = vec![0; 1 << 16];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    if pieces
                        .as_ref()
                        .is_some_and(|pieces| pieces.send(buffer[..count].to_vec()).is_err())
                    {
                        pieces = None;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A broken pipe is the end of what there is to read.
                Err(_) => break,
            }
        }
        drop(pieces);
        // Nobody listens any more once the call has returned.
        let _ = done.send(());
    });
    Arc::default()
}

/// The output of a program as it comes, which ends at the deadline.
struct Flow {
    pieces: Receiver<Vec<u8>>,
    piece: Vec<u8>,
    read: usize,
    deadline: Option<Instant>,
}

impl Flow {
    fn new(deadline: Option<Instant>) -> (SyncSender<Vec<u8>>, Flow) {
        let (sender, pieces) = sync_channel(WAITING);
        let flow = Flow {
            pieces,
            piece: Vec::new(),
            read: 0,
            deadline,
        };
        (sender, flow)
    }
}

impl Read for Flow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.piece.len() {
            let over = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
            if over || crate::interrupt::interrupted() {
                return Ok(0);
            }
            match self.pieces.recv_timeout(POLL) {
                Ok(piece) => (self.piece, self.read) = (piece, 0),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
        let count = buffer.len().min(self.piece.len() - self.read);
        buffer[..count].copy_from_slice(&self.piece[self.read..][..count]);
        self.read += count;
        Ok(count)
    }
}

/// Waits for the process until the deadline; `None` if that passed first.
fn wait(
    child: &mut Child,
    deadline: Option<Instant>,
    done: &Receiver<()>,
    open: &mut u32,
) -> io::Result<Option<ExitStatus>> {
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        // The program has a process group of its own, so the terminal's signal did not reach it.
        if crate::interrupt::interrupted() {
            return Ok(None);
        }
        let mut time = pause;
        if let Some(deadline) = deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            time = time.min(left);
        }
        match done.recv_timeout(time) {
            Ok(()) => *open -= 1,
            Err(RecvTimeoutError::Timeout) => pause = (pause * 2).min(POLL),
            // Both pipes are closed, and the process may still run.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(time.min(POLL)),
        }
    }
}

/// Ends a child and all of its process group at once.
pub(crate) fn end_group(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // It may have just ended by itself, which is what is wanted.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
}

/// Returns a command for the standard library, without its three streams.
pub(crate) fn prepared(command: &Command) -> std::process::Command {
    let mut process = std::process::Command::new(&command.program);
    process
        .args(&command.args)
        .env_clear()
        .envs(command.env.iter().map(|(name, value)| (name, value)))
        .process_group(0);
    if let Some(folder) = &command.cwd {
        process.current_dir(folder);
    }
    process
}

/// Returns how a process ended that was waited for.
pub(crate) fn exit_of(status: ExitStatus) -> Exit {
    match status.code() {
        Some(code) => Exit::Code(code),
        None => Exit::Signal(status.signal().unwrap_or_default()),
    }
}

/// Runs a program; `take` gets its standard output, or else what is returned has it.
fn run(command: &Command, take: Option<Taker<'_>>) -> io::Result<Output> {
    let mut process = prepared(command);
    process
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = process.spawn()?;
    let deadline = command.timeout.map(|limit| Instant::now() + limit);

    let mut input = child.stdin.take().expect("standard input is a pipe");
    let bytes = command.stdin.clone();
    std::thread::spawn(move || {
        // A program need not read all of its input: a closed pipe is no error of ours.
        let _ = input.write_all(&bytes);
    });
    let (sender, done) = channel();
    let pipe = child.stdout.take().expect("standard output is a pipe");
    let (stdout, flow) = match take {
        None => (collect(pipe, command.output_limit, sender.clone()), None),
        Some(take) => {
            let (pieces, flow) = Flow::new(deadline);
            // What nobody reads any more is dropped, so that the program does not wait for ever.
            (pass_on(pipe, pieces, sender.clone()), Some((flow, take)))
        }
    };
    let stderr = collect(
        child.stderr.take().expect("standard error is a pipe"),
        command.output_limit,
        sender,
    );
    if let Some((mut flow, take)) = flow {
        take(&mut flow);
    }
    let mut open = 2;
    let status = match wait(&mut child, deadline, &done, &mut open) {
        Ok(Some(status)) => Some(status),
        Ok(None) => {
            end_group(&mut child);
            child.wait()?;
            None
        }
        Err(error) => {
            end_group(&mut child);
            return Err(error);
        }
    };
    let drained = Instant::now() + DRAIN;
    while open > 0
        && done
            .recv_timeout(drained.saturating_duration_since(Instant::now()))
            .is_ok()
    {
        open -= 1;
    }
    let exit = status.map_or(Exit::TimedOut, exit_of);
    let stdout = std::mem::take(&mut *stdout.lock().expect("no panic while holding output"));
    let stderr = std::mem::take(&mut *stderr.lock().expect("no panic while holding output"));
    let truncated = stdout.truncated || stderr.truncated;
    Ok(Output {
        exit,
        stdout: stdout.bytes,
        stderr: stderr.bytes,
        truncated,
    })
}

/// Returns the error of a program that could not be started or waited for.
pub(crate) fn failure(command: &Command, source: io::Error) -> ExecError {
    let program = command.program.clone();
    // A missing folder gives the same error as a missing program.
    let folder_is_there = command.cwd.as_ref().is_none_or(|folder| folder.is_dir());
    if source.kind() == io::ErrorKind::NotFound && folder_is_there {
        ExecError::NotFound { program }
    } else {
        ExecError::Failed { program, source }
    }
}

impl Exec for ProcessExec {
    fn run(&self, command: &Command) -> Result<Output, ExecError> {
        run(command, None).map_err(|source| failure(command, source))
    }

    fn stream(&self, command: &Command, take: Taker<'_>) -> Result<Output, ExecError> {
        run(command, Some(take)).map_err(|source| failure(command, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        Command::new("sh")
            .arg("-c")
            .arg(script)
            .env("PATH", "/usr/bin:/bin:/run/current-system/sw/bin")
    }

    fn run(command: &Command) -> Output {
        ProcessExec.run(command).expect("a shell runs")
    }

    #[test]
    fn output_input_and_exit_code_arrive() {
        let output = run(&shell("cat; echo said >&2; exit 3").stdin("given"));
        assert_eq!(
            (output.exit, &output.stdout[..], &output.stderr[..]),
            (Exit::Code(3), &b"given"[..], &b"said\n"[..])
        );
        assert!(!output.success() && !output.truncated);
    }

    #[test]
    fn output_can_be_read_as_it_comes() {
        let read = |script: &str, most: u64, limit: Duration| {
            let mut bytes = Vec::new();
            let ended = ProcessExec.stream(&shell(script).timeout(limit), &mut |output| {
                let read = output.take(most).read_to_end(&mut bytes);
                read.expect("an output can be read");
            });
            let ended = ended.expect("a shell runs");
            assert!(ended.stdout.is_empty());
            (bytes, ended.exit)
        };
        let long = Duration::from_secs(60);
        let (bytes, exit) = read(
            "i=0; while [ $i -lt 99999 ]; do echo line; i=$((i+1)); done",
            u64::MAX,
            long,
        );
        assert_eq!((bytes.len(), exit), (5 * 99999, Exit::Code(0)));
        // Reading a part does not keep the program from its end.
        let (bytes, exit) = read(
            "i=0; while [ $i -lt 99999 ]; do echo line; i=$((i+1)); done; exit 2",
            4,
            long,
        );
        assert_eq!((&bytes[..], exit), (&b"line"[..], Exit::Code(2)));
        let (bytes, exit) = read("echo begun; sleep 30", u64::MAX, Duration::from_millis(200));
        assert_eq!((&bytes[..], exit), (&b"begun\n"[..], Exit::TimedOut));
    }

    #[test]
    fn the_environment_is_exactly_the_given_one() {
        let output = run(&shell("echo \"$HOME-$GIVEN\"").env("GIVEN", "x"));
        assert_eq!(output.stdout, b"-x\n");
    }

    #[test]
    fn a_deadline_kills_the_children_too() {
        let begin = Instant::now();
        let output = run(&shell("echo begun; sleep 30 & sleep 30").timeout(Duration::from_millis(200)));
        assert_eq!((output.exit, &output.stdout[..]), (Exit::TimedOut, &b"begun\n"[..]));
        assert!(begin.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn output_beyond_the_limit_is_dropped() {
        let mut command = shell("i=0; while [ $i -lt 9000 ]; do echo 0123456789; i=$((i+1)); done");
        command.output_limit = 25;
        let output = run(&command);
        assert_eq!(
            (output.exit, output.stdout.len(), output.truncated),
            (Exit::Code(0), 25, true)
        );
    }

    #[test]
    fn a_program_that_ignores_its_input_is_fine() {
        let output = run(&shell("exec 0<&-; true").stdin(vec![b'x'; 1 << 20]));
        assert!(output.success());
    }

    #[test]
    fn signals_and_missing_programs_are_told_apart() {
        assert_eq!(run(&shell("kill -TERM $$")).exit, Exit::Signal(15));
        let missing = ProcessExec.run(&Command::new("/no/such/program"));
        assert!(matches!(missing, Err(ExecError::NotFound { .. })), "{missing:?}");
        let nowhere = ProcessExec.run(&shell("true").cwd("/no/such/folder"));
        assert!(matches!(nowhere, Err(ExecError::Failed { .. })), "{nowhere:?}");
    }
}
