//! Runs the program as a user would, in a home directory of the tests' own.

pub mod machine;
pub mod service;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    // This binary is target/debug/deps/it-HASH.
    let me = std::env::current_exe().unwrap();
    me.ancestors().nth(3).unwrap().to_owned()
}

/// The program under test.
pub fn zymogen() -> Command {
    let program = target().join("debug/zymogen");
    assert!(
        program.exists(),
        "{} is missing: `tests/run` builds it",
        program.display()
    );
    let mut command = Command::new(program);
    command
        .env("HOME", home())
        .env("XDG_CACHE_HOME", home().join(".cache"))
        .env("XDG_RUNTIME_DIR", home())
        .env_remove("NO_COLOR")
        .current_dir(root())
        .stdin(Stdio::null());
    // The program may have to build a slave, with the toolchain of whoever runs the tests.
    for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        if let (None, Some(home)) = (std::env::var_os(name), std::env::var_os("HOME")) {
            command.env(name, Path::new(&home).join(folder));
        }
    }
    command
}

/// A home for all tests of one run: compiled modules and the slave's image are kept in it.
pub fn home() -> &'static Path {
    static HOME: OnceLock<PathBuf> = OnceLock::new();
    HOME.get_or_init(|| {
        let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("home");
        std::fs::create_dir_all(&home).unwrap();
        home
    })
}

/// A component of `examples/`.
pub fn example(name: &str) -> String {
    let path = target().join(format!("wasm32-wasip2/guest/{name}.wasm"));
    assert!(
        path.exists(),
        "{} is missing: `tests/run` builds it",
        path.display()
    );
    path.to_str().unwrap().to_owned()
}

/// What a run of the program left.
#[derive(Debug)]
pub struct Run {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Run {
    finished(&zymogen().args(arguments).output().unwrap())
}

pub fn finished(output: &Output) -> Run {
    use std::os::unix::process::ExitStatusExt;
    Run {
        status: output
            .status
            .code()
            .unwrap_or_else(|| 128 + output.status.signal().unwrap()),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Run {
    /// Ended with this status, or panics with all it said.
    #[track_caller]
    pub fn status(self, expected: i32) -> Self {
        assert_eq!(
            self.status, expected,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Wrote exactly this to stdout.
    #[track_caller]
    pub fn stdout(self, expected: &str) -> Self {
        assert_eq!(self.stdout, expected, "stderr:\n{}", self.stderr);
        self
    }

    /// Wrote all of these somewhere to stderr.
    #[track_caller]
    pub fn stderr_has(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(
                self.stderr.contains(part),
                "stderr lacks `{part}`:\n{}",
                self.stderr
            );
        }
        self
    }

    /// Wrote all of these somewhere to stdout.
    #[track_caller]
    pub fn stdout_has(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(
                self.stdout.contains(part),
                "stdout lacks `{part}`:\n{}\nstderr:\n{}",
                self.stdout,
                self.stderr
            );
        }
        self
    }

    /// A hop could not be made: this one, in this phase, as this program said it, and this is what to try.
    #[track_caller]
    pub fn unreachable(self, hop_and_phase: &str, said: &str, hint: &str) -> Self {
        let start = format!("error: {hop_and_phase}: ");
        self.status(4).stderr_has(&[&start, said, "help: ", hint])
    }

    /// The JSON objects on stdout, one a line.
    #[track_caller]
    pub fn json(&self) -> Vec<serde_json::Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
            .collect()
    }
}

/// `zymogen call local MODULE EXPORT`.
pub fn call(module: &str, export: &str) -> Run {
    run(&["call", "local", module, export])
}

/// Adds one and two in a context, with passwords in the program's environment.
pub fn add_in(context: &str, environment: &[(&str, &str)]) -> Run {
    let mut command = zymogen();
    command.envs(environment.iter().copied());
    command.args(["call", context, &example("calculator"), "add(1, 2)"]);
    finished(&command.output().unwrap())
}

/// A plan in a directory of its own, which may hold other files for it.
pub struct Plan {
    pub directory: tempfile::TempDir,
}

impl Plan {
    pub fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let plan = Self { directory };
        plan.file(
            "deploy.toml",
            &text.replace("@", plan.directory.path().to_str().unwrap()),
        );
        plan
    }

    /// Writes a file beside the plan.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(content.as_bytes()).unwrap();
        path
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Deploys it.
    pub fn deploy(&self, options: &[&str]) -> Run {
        let plan = self.path("deploy.toml");
        let mut arguments = vec!["deploy", plan.to_str().unwrap()];
        arguments.extend(options);
        run(&arguments)
    }

    /// Deploys it, and gives the `task_finished` events.
    #[track_caller]
    pub fn tasks(&self, options: &[&str]) -> Vec<serde_json::Value> {
        let mut options = options.to_vec();
        options.extend(["-o", "json"]);
        let run = self.deploy(&options);
        let events = run.json();
        events
            .into_iter()
            .filter(|event| event["event"] == "task_finished")
            .collect()
    }
}

/// Processes whose command line contains a text.
pub fn processes(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if pid != std::process::id() && line.contains(text) {
            found.push(pid);
        }
    }
    found
}
