//! Secrets on a command line, behind flags of one letter.

use super::{
    super::view::View, Found, bare, key::Key, placeholder::is_placeholder, quote, value::prefixed,
};

/// Commands, the flags behind which a secret stands, and whether it may touch the flag.
pub(in super::super) const FLAGS: &[(&str, &[&str], bool)] = &[
    ("sshpass", &["-p"], true),
    ("mysql", &["-p"], true),
    ("mysqldump", &["-p"], true),
    ("mysqladmin", &["-p"], true),
    ("mariadb", &["-p"], true),
    ("docker login", &["-p"], false),
    ("podman login", &["-p"], false),
    ("helm registry login", &["-p"], false),
    ("az login", &["-p"], false),
    ("oc login", &["-p"], false),
    ("redis-cli", &["-a"], false),
    ("mongo", &["-p"], false),
    ("mongosh", &["-p"], false),
    ("mongodump", &["-p"], false),
    ("mongorestore", &["-p"], false),
    ("cqlsh", &["-p"], false),
    ("ldapsearch", &["-w"], false),
    ("ldapadd", &["-w"], false),
    ("ldapmodify", &["-w"], false),
    ("ldapwhoami", &["-w"], false),
    ("sqlcmd", &["-P"], true),
    ("bcp", &["-P"], true),
    ("mosquitto_pub", &["-P"], false),
    ("mosquitto_sub", &["-P"], false),
    ("unzip", &["-P"], false),
    ("zip", &["-P"], false),
    ("7z", &["-p"], true),
    ("rar", &["-p", "-hp"], true),
    ("smbclient", &["-U"], false),
    ("rpcclient", &["-U"], false),
    ("gh secret set", &["--body", "-b"], false),
    ("useradd", &["-p"], false),
    ("usermod", &["-p"], false),
    ("curl", &["-u", "--user", "--proxy-user", "-U"], true),
    ("wget", &["--http-password", "--ftp-password"], false),
    ("openssl", &["-passin", "-passout", "-pass", "-k", "-K"], false),
    ("keytool", &["-storepass", "-keypass"], false),
    ("ipmitool", &["-P"], false),
    ("snmpwalk", &["-c", "-A", "-X"], false),
    ("snmpget", &["-c", "-A", "-X"], false),
    ("rabbitmqadmin", &["-p"], false),
    ("influx", &["-t"], false),
    ("xfreerdp", &["/p:"], true),
    ("kinit", &["--password"], false),
    ("etcdctl", &["--user"], false),
    ("twine", &["-p"], false),
    ("jf", &["-p"], false),
    ("ncftpput", &["-p"], false),
    ("lftp", &["-u"], false),
    ("psexec", &["-p"], false),
];

/// The secret behind a flag of the command whose name ended at `end`.
pub(in super::super) fn flag_value(
    view: &View<'_>,
    start: usize,
    end: usize,
    command: usize,
) -> Option<Found> {
    let (name, flags, touching) = FLAGS.get(command)?;
    if !matches!(view.get(end), Some(b' ' | b'"' | b'\''))
        || view.before(start).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        return None;
    }
    let mut at = end;
    for _ in 0..24 {
        while matches!(view.get(at), Some(b' ' | b',' | b'"' | b'\'')) && at - end < 300 {
            at += 1;
        }
        if at - end >= 300 || matches!(view.get(at), Some(b'\n' | b'|' | b'>' | b';') | None) {
            return None;
        }
        for flag in *flags {
            let Some(after) = past_flag(view, at, flag) else {
                continue;
            };
            let value = match view.get(after) {
                Some(b' ') if name.starts_with('m') && *touching => {
                    // What stands apart from this flag is something else, or a mistake.
                    let at = view.blanks(after + 1, 8);
                    let word = view.slice(at, bare::end(view, &Key::nameless(at), at).0);
                    if !word.is_empty()
                        && word.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_')
                    {
                        continue;
                    }
                    at
                }
                Some(b' ' | b'=') => view.blanks(after + 1, 8),
                Some(b'"' | b'\'') if matches!(view.before(at), Some(b'"' | b'\'')) => {
                    let comma = view.blanks(after + 1, 4);
                    if view.is(comma, b',') { view.blanks(comma + 1, 4) } else { comma }
                }
                Some(_) if *touching && flag.len() < 4 => after,
                _ => continue,
            };
            return secret(
                view,
                value,
                *flag == "-u"
                    || flag.contains("user")
                    || flag.contains("auth")
                    || *flag == "-a"
                    || *flag == "-U",
                flag,
            );
        }
        // The next word.
        let word = at;
        while at - word < 200
            && !matches!(view.get(at), Some(b' ' | b'\n' | b'"' | b'\'' | b',') | None)
        {
            at += 1;
        }
        if let Some((quote, inside)) = quote::open(view, at) {
            at = quote::close(view, quote, inside).after?;
        }
    }
    None
}

/// Past `flag` at `at`, which may stand behind other letters, as `-u` in `-su`.
fn past_flag(view: &View<'_>, at: usize, flag: &str) -> Option<usize> {
    if view.starts(at, flag.as_bytes()) {
        return Some(at + flag.len());
    }
    let letter =
        flag.strip_prefix('-').filter(|letter| letter.len() == 1)?.as_bytes().first().copied()?;
    if !view.is(at, b'-') {
        return None;
    }
    let mut end = at + 1;
    while end - at < 6 && view.get(end).is_some_and(|byte| byte.is_ascii_alphabetic()) {
        end += 1;
    }
    (end > at + 1 && view.get(end - 1) == Some(letter) && view.is(end, b' ')).then_some(end)
}

/// The secret at `at`; of `user:password` the second half.
fn secret(view: &View<'_>, at: usize, pair: bool, flag: &str) -> Option<Found> {
    let (start, end) = match prefixed(view, at) {
        Some((quote, start)) => (start, quote::close(view, quote, start).end),
        None => (at, bare::end(view, &Key::nameless(at), at).0),
    };
    let value = view.slice(start, end);
    if memchr::memmem::find(value, super::super::rules::MASK.as_bytes()).is_some() {
        return None;
    }
    let mut begin = start;
    let colon = value.iter().position(|byte| *byte == b':' || (*byte == b'%' && flag == "-U"));
    if pair && (flag != "-a" || colon.is_some()) {
        begin = start + colon? + 1;
        // A quote may close the name and open the password.
        if begin == end && matches!(view.get(end), Some(b'"' | b'\'')) {
            return None;
        }
    } else if flag.starts_with("-pass") {
        begin = start + value.strip_prefix(b"pass:").map_or(0, |_| 5);
        if view.starts(start, b"file:")
            || view.starts(start, b"env:")
            || view.starts(start, b"stdin")
        {
            return None;
        }
    }
    let value = view.slice(begin, end);
    if value.is_empty() || is_placeholder(value) || value.starts_with(b"-") {
        return None;
    }
    Some(Found::one(begin, end))
}
