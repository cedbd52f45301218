//! A server of real sockets, killed and started again. Nothing here waits for time to pass.

use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use buttress::{
    Error,
    outcome::Outcome,
    reconnect::{Config, Reconnect},
    testing::Polls,
};
use futures::future::join_all;
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

/// Answers every byte with itself.
struct Server {
    address: SocketAddr,
    accepting: AbortHandle,
}

impl Server {
    async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(async move {
            // Dropped with the task, and the connections with it.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(async move { while answer(&stream).await.is_ok() {} });
            }
        });
        Ok(Self { address, accepting: accepting.abort_handle() })
    }

    fn kill(&self) {
        self.accepting.abort();
    }
}

async fn read(stream: &TcpStream) -> io::Result<u8> {
    let mut byte = [0];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut byte) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(_) => return Ok(byte[0]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

async fn write(stream: &TcpStream, byte: u8) -> io::Result<()> {
    loop {
        stream.writable().await?;
        match stream.try_write(&[byte]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            written => return written.map(drop),
        }
    }
}

async fn answer(stream: &TcpStream) -> io::Result<()> {
    let byte = read(stream).await?;
    write(stream, byte).await
}

/// One request at a time.
type Wire = Arc<tokio::sync::Mutex<TcpStream>>;

async fn echo(wire: Wire, byte: u8) -> io::Result<u8> {
    let stream = wire.lock().await;
    write(&stream, byte).await?;
    read(&stream).await
}

fn broken(result: &Result<u8, Error<io::Error>>) -> Outcome {
    match result {
        Err(Error::Inner(_)) => Outcome::Failure,
        _ => Outcome::Success,
    }
}

/// The server is killed and started again under a hundred concurrent calls: one connect, and every
/// call is answered (119).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_is_connected_to_once_however_many_call() {
    let server = Server::start().await.unwrap();
    let address = Arc::new(Mutex::new(server.address));
    let connects = Arc::new(AtomicU32::new(0));
    let (to, counted) = (Arc::clone(&address), Arc::clone(&connects));
    // No connection is too young here: what is lost is replaced at once.
    let config = Config::new().with_stable_after(Duration::ZERO);
    let peer = Reconnect::new("peer", config, move || {
        counted.fetch_add(1, Ordering::Relaxed);
        let address = *to.lock().unwrap();
        async move { TcpStream::connect(address).await.map(|stream| Wire::new(stream.into())) }
    })
    .unwrap()
    .classify(broken);
    assert_eq!(peer.call(|wire| echo(wire, 1)).await.unwrap(), 1);

    let mut running = server;
    for kill in 1..=2 {
        let next = Server::start().await.unwrap();
        *address.lock().unwrap() = next.address;
        running.kill();
        running = next;
        let polls = Polls::new();
        let calls = (0..100).map(|byte| {
            let peer = peer.clone();
            let call = async move { peer.call(|wire| echo(wire, byte)).await };
            tokio::spawn(polls.of(call))
        });
        for (byte, answer) in join_all(calls).await.into_iter().enumerate() {
            assert_eq!(answer.unwrap().unwrap(), byte as u8);
        }
        assert_eq!(connects.load(Ordering::Relaxed), 1 + kill);
        polls.assert_at_most(100 * 20);
    }
}
