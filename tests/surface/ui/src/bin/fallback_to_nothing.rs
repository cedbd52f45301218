//! A fallback that was not told what to fall back to.
//
// contains: say what to fall back to: `.to_value(..)`
// errors: 1

use std::io;

use buttress::fallback::{Config, Fallback};

fn main() {
    let menu = Fallback::new("menu", Config::new()).unwrap();
    drop(menu.call(|| async { Ok::<_, io::Error>(7) }));
}
