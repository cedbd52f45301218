//! A server that answers what it is told to.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use buttress::redis::{Config, Redis};

use crate::server::PATIENCE;

/// It lives as long as the process: nobody can stop a thread that accepts.
#[derive(Clone, Debug)]
pub(crate) struct Fake {
    port: u16,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// This, whatever is asked.
    With(&'static [u8]),
    /// This, and then the connection is closed.
    LastWith(&'static [u8]),
}

impl Fake {
    pub(crate) fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let fake = Self { port, answer: Arc::new(Mutex::new(answer)), asked: Arc::default() };
        let serving = fake.clone();
        thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                let fake = serving.clone();
                thread::spawn(move || fake.serve(socket));
            }
        });
        fake
    }

    pub(crate) fn now_answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// How many questions it has heard.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn redis(&self) -> Redis {
        let config = Config::new(format!("redis://127.0.0.1:{}", self.port));
        let config = config.with_timeout(PATIENCE).with_probe_every(Duration::from_millis(1));
        Redis::new("redis", config).unwrap()
    }

    fn serve(&self, socket: TcpStream) -> Option<()> {
        let mut socket = BufReader::new(socket);
        loop {
            // What a client says of itself is no question.
            let answer = match &command(&mut socket)?[..] {
                b"CLIENT" => Answer::With(b"+OK\r\n"),
                _ => {
                    self.asked.fetch_add(1, Ordering::SeqCst);
                    *self.answer.lock().unwrap()
                }
            };
            let (Answer::With(bytes) | Answer::LastWith(bytes)) = answer;
            socket.get_mut().write_all(bytes).ok()?;
            if matches!(answer, Answer::LastWith(_)) {
                return None;
            }
        }
    }
}

/// The first word of the next one.
fn command(socket: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let number = |socket: &mut BufReader<TcpStream>| -> Option<usize> {
        let mut line = String::new();
        socket.read_line(&mut line).ok()?;
        line.get(1..)?.trim().parse().ok()
    };
    let mut words = Vec::new();
    for _ in 0..number(socket)? {
        let mut word = vec![0; number(socket)? + 2];
        socket.read_exact(&mut word).ok()?;
        word.truncate(word.len() - 2);
        words.push(word);
    }
    words.into_iter().next()
}
