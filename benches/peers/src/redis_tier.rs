//! A second tier over Redis against the bare `GET` of the same bytes: over the client's lowest call and
//! over a raw socket.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use buttress::cache::tier::redis::{Config, RedisTier};
use buttress::cache::{Cache, Config as CacheConfig};

use crate::harness::{Contest, Gate, Report};
use crate::redis_limiter::{Server, runtime};
use crate::sampling::Side;

/// Holds the contests of this room.
pub fn run(report: &mut Report) {
    let server = Arc::new(Server::start());
    report.hold(hit(&server));
}

/// So long a value is, written down.
const LENGTH: usize = 1000;

/// What the cache lacks and the store has.
fn hit(server: &Server) -> Contest {
    let runtime = runtime();
    let cache = Cache::<String, String>::new("peers", CacheConfig::new()).expect("sound");
    let tier = RedisTier::new("peers", &server.redis(), Config::new()).expect("sound");
    let texts = cache.over(tier);
    let load = || async { "x".repeat(LENGTH - 2) };
    assert!(runtime.block_on(texts.get_or_load("key", load)).is_ok());
    let ours = Side::new("buttress.redis", move || {
        texts.cache().invalidate("key");
        let never = || async { unreachable!("it is stored") };
        assert!(runtime.block_on(texts.get_or_load("key", never)).is_ok());
    });
    Contest::new("redis_tier.hit", ours)
        .allocating(34.0)
        .against(client(server), Gate::at_most(1.4))
        .beside(socket(server))
}

/// The client's lowest call.
fn client(server: &Server) -> Side {
    let runtime = runtime();
    let mut connection = runtime.block_on(server.connection());
    let set = redis::cmd("SET").arg("bare").arg("x".repeat(LENGTH)).to_owned();
    assert!(runtime.block_on(connection.send_packed_command(&set)).is_ok());
    Side::new("redis.get", move || {
        let get = redis::cmd("GET").arg("bare").to_owned();
        assert!(runtime.block_on(connection.send_packed_command(&get)).is_ok());
    })
}

/// Nothing between us and the server but the kernel.
fn socket(server: &Server) -> Side {
    let mut socket = TcpStream::connect(("127.0.0.1", server.port)).expect("it is there");
    socket.set_nodelay(true).expect("a socket");
    let get = redis::cmd("GET").arg("bare").get_packed_command();
    let mut answer = [0; 2 * LENGTH];
    Side::new("bare.socket", move || {
        socket.write_all(&get).expect("written");
        assert!(socket.read(&mut answer).expect("read") > 0);
    })
}
