//! A `redis-server` of a test's own.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use buttress::redis::{Config, Redis};

/// The longest that anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Stopped when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    port: u16,
    child: Option<Child>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { port, child: None };
        server.restart();
        server
    }

    /// Starts it at the same port; what it knew is forgotten.
    pub(crate) fn restart(&mut self) {
        assert!(self.child.is_none(), "it runs");
        let port = self.port.to_string();
        let child = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect(
                "these tests need redis-server, 7.0 or later: `apt-get install -y redis-server`",
            );
        self.child = Some(child);
        let started = Instant::now();
        while self.command("PING").as_deref() != Some("+PONG") {
            assert!(started.elapsed() < PATIENCE, "redis-server does not answer");
            thread::sleep(Duration::from_millis(2));
        }
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(crate) fn pause(&self) -> Paused {
        let pid = self.child.as_ref().unwrap().id();
        signal("-STOP", pid);
        Paused(pid)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A handle that is patient: the machine may be busy.
    pub(crate) fn redis(&self) -> Redis {
        Redis::new("redis", Config::new(self.url()).with_timeout(PATIENCE)).unwrap()
    }

    /// A handle that is not.
    pub(crate) fn hasty(&self, timeout: Duration) -> Redis {
        let config = Config::new(self.url()).with_timeout(timeout);
        Redis::new("redis", config.with_probe_every(Duration::from_millis(20))).unwrap()
    }

    /// The first line of the answer to an inline command.
    pub(crate) fn command(&self, command: &str) -> Option<String> {
        self.answer(command).ok()?.lines().next().map(str::to_owned)
    }

    fn answer(&self, command: &str) -> std::io::Result<String> {
        Self::tell(self.port, command)
    }

    /// A text or number that is stored.
    pub(crate) fn value(&self, key: &str) -> Option<String> {
        self.answer(&format!("GET {key}"))
            .ok()?
            .lines()
            .nth(1)
            .map(str::to_owned)
            .filter(|value| !value.starts_with('+'))
    }

    /// What the server at this port answers to an inline command.
    pub(crate) fn tell(port: u16, command: &str) -> std::io::Result<String> {
        let mut socket = TcpStream::connect(("127.0.0.1", port))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.write_all(format!("{command}\r\nQUIT\r\n").as_bytes())?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// The names of all keys, in order.
    pub(crate) fn keys(&self) -> Vec<String> {
        let answer = self.answer("KEYS *").unwrap();
        let lines = answer.lines().filter(|line| !line.starts_with(['*', '$', '+']));
        let mut keys: Vec<String> = lines.map(str::to_owned).collect();
        keys.sort();
        keys
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A server that stands still, until this is dropped.
#[derive(Debug)]
pub(crate) struct Paused(u32);

impl Drop for Paused {
    fn drop(&mut self) {
        signal("-CONT", self.0);
    }
}

fn signal(signal: &str, pid: u32) {
    let done = Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
    assert!(done.success());
}

/// Asks until it is so.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < PATIENCE, "it did not come");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
