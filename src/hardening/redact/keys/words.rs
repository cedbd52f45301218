//! The words of names. Each list is sorted, and written in lines: a word a line would hide them.

use super::super::list::List;

/// Where to look: every name that is judged has one of these in it.
#[rustfmt::skip]
pub(in super::super) const STEMS: &[&str] = &[
    "2fa", "adgangskode", "auth", "bearer", "clave", "code", "contrase", "cookie", "cred",
    "cvc", "cvv", "haslo", "hasło", "heslo", "jelszó", "jwt", "kennwort", "key", "lösenord",
    "mfa", "mnemonic", "mật khẩu", "otp", "parola", "pass", "pin", "psk", "pswd", "puk", "pw",
    "pwd", "salasana", "salt", "secret", "senha", "sessid", "session", "sid", "sifre", "sig",
    "signature", "token", "wachtwoord", "Şifre", "şifre", "κωδικός", "ПАРОЛЬ", "Пароль",
    "пароль", "סיסמה", "كلمة السر", "كلمة المرور", "पासवर्ड", "รหัสผ่าน", "パスワード", "令牌", "口令",
    "密码", "密碼", "密钥", "暗証番号", "비밀번호", "암호",
];

/// Those that are names only at the end of a word.
#[rustfmt::skip]
pub(in super::super) const WHOLE: &[&str] = &[
    "2fa", "code", "cvc", "cvv", "jwt", "mfa", "otp", "pin", "psk", "puk", "pw", "salt", "sid",
    "sig",
];

/// Strong words.
#[rustfmt::skip]
pub(super) static SECRETS: List = List::of(&[
    "adgangskode", "apikey", "apikeys", "clave", "contrasena", "contrasenia", "contraseña",
    "cred", "credential", "credentials", "creds", "haslo", "hasło", "heslo", "jelszó",
    "kennwort", "lösenord", "mnemonic", "mật khẩu", "parola", "passcode", "passcodes", "passe",
    "passkey", "passphrase", "passphrases", "passwd", "passwds", "password", "passwords",
    "passwort", "psk", "pswd", "pwd", "salasana", "secret", "secrets", "senha", "sifre",
    "wachtwoord", "şifre", "пароль", "パスワード", "口令", "密码", "密碼", "비밀번호",
]);

/// Words that end in these are strong as well.
#[rustfmt::skip]
pub(super) static SECRET_ENDS: List = List::of(&[
    "accesskey", "apikey", "credentials", "passcode", "passphrase", "passwd", "password",
    "passwords", "passwort", "privatekey", "pwd", "secret", "secretkey", "secrets", "пароль",
    "パスワード", "密码", "密碼", "비밀번호",
]);

/// Keys whose name is written as one word.
#[rustfmt::skip]
pub(super) static CLOSE_KEYS: List = List::of(&[
    "accesskey", "accesskeys", "accountkey", "appkey", "authkey", "authkeys", "clientkey",
    "consumerkey", "deploykey", "encryptionkey", "hmackey", "keypass", "licensekey",
    "masterkey", "privatekey", "querykey", "rootkey", "secretkey", "serverkey", "servicekey",
    "sessionkey", "sharedaccesskey", "sharedkey", "signingkey", "sshkey", "storagekey",
    "storepass", "userkey",
]);

/// What before `key` makes it one of a lock.
#[rustfmt::skip]
pub(super) static KEYS: List = List::of(&[
    "access", "account", "activation", "admin", "admission", "aes", "api", "app", "application",
    "auth", "authentication", "authorization", "backup", "bearer", "bot", "cipher", "client",
    "consumer", "cookie", "crypt", "crypto", "decryption", "deploy", "des", "dev", "developer",
    "ecdsa", "ed25519", "enc", "encrypt", "encryption", "functions", "gpg", "hmac", "ingest",
    "ingestion", "insert", "integration", "internal", "jwt", "licence", "license", "live",
    "login", "master", "pgp", "preshared", "priv", "private", "prod", "recovery", "rest",
    "root", "rsa", "sas", "sdk", "secret", "security", "server", "service", "session", "shared",
    "sign", "signature", "signing", "ssh", "storage", "subscription", "test", "token", "vault",
    "wallet", "webhook", "wireguard", "write",
]);

/// What before `key` makes it one of a table, a keyboard or everybody's.
#[rustfmt::skip]
pub(super) static DENIED_BEFORE_KEY: List = List::of(&[
    "alt", "answer", "any", "arrow", "attribute", "cache", "candidate", "child", "column",
    "composite", "config", "conversation", "ctrl", "dedup", "deduplication", "delete", "dict",
    "doc", "document", "down", "duplicate", "enter", "entity", "esc", "event", "feature",
    "field", "file", "first", "flag", "foreign", "group", "hash", "header", "hot", "i18n",
    "idempotency", "index", "issue", "item", "job", "json", "kv", "label", "last", "locale",
    "lock", "lookup", "major", "map", "max", "message", "meta", "metric", "min", "minor",
    "missing", "musical", "natural", "next", "no", "node", "not", "object", "param", "parent",
    "partition", "press", "prev", "primary", "project", "property", "pub", "public", "queue",
    "range", "record", "redis", "registry", "routing", "row", "s3", "search", "setting",
    "settings", "shard", "shift", "sort", "sorting", "surrogate", "tab", "tag", "task",
    "thread", "ticket", "topic", "translation", "unique", "unknown", "up", "verification",
    "verify", "verifying",
]);

/// What before `token` makes it a piece of text, or a place in a list.
#[rustfmt::skip]
pub(super) static DENIED_BEFORE_TOKEN: List = List::of(&[
    "available", "bos", "cached", "cancellation", "cls", "completion", "continuation", "css",
    "end", "eos", "fetch", "few", "get", "html", "input", "lexer", "many", "mask", "max", "min",
    "n", "next", "no", "num", "of", "output", "pad", "page", "pagination", "parser", "per",
    "prompt", "reasoning", "remaining", "sep", "special", "start", "stop", "sync", "total",
    "unexpected", "unk", "used",
]);

/// What before `token` makes it one that opens, in the middle of a sentence.
#[rustfmt::skip]
pub(super) static TOKENS: List = List::of(&[
    "bootstrap", "csrf", "device", "github", "gitlab", "id", "join", "oauth", "personal",
    "refresh", "registration", "slack",
]);

/// What before `code` makes it one that opens.
#[rustfmt::skip]
pub(super) static CODES: List = List::of(&[
    "2fa", "access", "activation", "auth", "backup", "confirmation", "login", "magic", "mfa",
    "onetime", "otp", "pass", "passcode", "pin", "recovery", "security", "signin", "sms",
    "time", "totp", "unlock", "verification",
]);

/// What before `pass` makes it a password.
#[rustfmt::skip]
pub(super) static PASSES: List = List::of(&[
    "admin", "amqp", "api", "auth", "basic", "bind", "ca", "cert", "database", "db", "default",
    "email", "export", "ftp", "git", "http", "imap", "import", "key", "keystore", "ldap",
    "login", "mail", "mongo", "mq", "my", "mysql", "pg", "pop", "proxy", "rabbitmq", "redis",
    "require", "root", "rpc", "smtp", "sql", "ssh", "store", "sudo", "svn", "truststore",
    "user", "vpn", "wifi", "wp",
]);

/// Sessions.
#[rustfmt::skip]
pub(super) static SESSIONS: List = List::of(&[
    "aspsessionid", "connect.sid", "jsessionid", "phpsessid", "sessid", "session", "sessionid",
    "sid",
]);

/// What after a secret's name says that it is something about the secret.
#[rustfmt::skip]
pub(super) static DENIED_AFTER: List = List::of(&[
    "age", "alg", "algo", "algorithm", "arn", "at", "attempts", "audience", "author", "aware",
    "based", "binding", "bindings", "bits", "board", "budget", "button", "bytes", "c",
    "category", "cfg", "chain", "changed", "check", "checked", "checks", "class", "click",
    "column", "comment", "conf", "config", "confirmed", "controller", "cost", "count", "counts",
    "cpp", "created", "cs", "css", "curve", "description", "dialog", "dir", "directory",
    "disabled", "domain", "down", "duration", "enabled", "endpoint", "endpoints", "error",
    "errors", "event", "exists", "expiration", "expire", "expired", "expires", "expiry",
    "factory", "failed", "field", "fields", "file", "filename", "files", "fingerprint", "form",
    "format", "found", "frame", "frames", "free", "generator", "go", "group", "h", "handler",
    "help", "helper", "hint", "html", "icon", "id", "ids", "idx", "image", "index", "info",
    "input", "interval", "invalid", "issued", "issuer", "java", "js", "json", "kid", "kind",
    "kt", "label", "len", "length", "less", "level", "lifetime", "limit", "limits", "link",
    "links", "list", "loaded", "location", "manager", "map", "max", "md", "meta", "metadata",
    "method", "min", "minute", "mismatch", "missing", "mode", "module", "name", "names", "note",
    "ok", "only", "option", "options", "page", "pair", "pairs", "path", "paths", "pattern",
    "pem", "per", "php", "placeholder", "policy", "prefix", "present", "press", "price",
    "prompt", "protected", "provider", "py", "rate", "rb", "received", "ref", "reference",
    "refresh", "refreshed", "regex", "region", "request", "requests", "required", "reset",
    "response", "responses", "retries", "revoked", "ring", "rotated", "rotation", "rs", "rule",
    "rules", "safe", "schema", "scope", "scopes", "score", "screen", "second", "sent",
    "service", "set", "settings", "sh", "size", "source", "space", "spec", "state", "status",
    "store", "strength", "success", "table", "test", "tests", "text", "thumbprint", "timeout",
    "title", "toml", "ts", "ttl", "txt", "type", "types", "up", "updated", "uri", "url",
    "usage", "usages", "used", "util", "utils", "valid", "validator", "validators", "validity",
    "vault", "verification", "verified", "verify", "version", "view", "window", "word", "words",
    "yaml", "yml",
]);

/// What after a secret's name says nothing more.
#[rustfmt::skip]
pub(super) static AFTER: List = List::of(&[
    "a", "admin", "again", "b", "b64", "backup", "base", "base64", "clear", "cleartext",
    "confirm", "confirmation", "current", "data", "default", "dev", "digest", "enc",
    "encrypted", "hash", "hashed", "hex", "key", "keys", "live", "local", "main", "new", "old",
    "one", "plain", "plaintext", "prev", "previous", "primary", "prod", "production", "raw",
    "readonly", "repeat", "repeated", "ro", "root", "rw", "salt", "secondary", "stage",
    "staging", "str", "string", "temp", "tmp", "two", "user", "val", "value",
]);

/// What in front of a name asks a question about the secret.
#[rustfmt::skip]
pub(super) static DOUBTFUL: List = List::of(&[
    "allow", "can", "change", "check", "create", "disable", "enable", "enabled", "existing", "forgot",
    "forgotten", "generate", "has", "hide", "invalid", "is", "max", "min", "missing", "need",
    "needs", "no", "remember", "require", "required", "requires", "reset", "rotate", "save",
    "should", "show", "strong", "toggle", "update", "use", "validate", "verify", "weak",
]);

/// All lists.
#[cfg(test)]
pub(super) static ALL: &[&List] = &[
    &SECRETS,
    &SECRET_ENDS,
    &CLOSE_KEYS,
    &KEYS,
    &DENIED_BEFORE_KEY,
    &DENIED_BEFORE_TOKEN,
    &TOKENS,
    &CODES,
    &PASSES,
    &SESSIONS,
    &DENIED_AFTER,
    &AFTER,
    &DOUBTFUL,
];
