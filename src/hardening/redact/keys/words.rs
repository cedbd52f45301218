//! The words of names.

/// Where to look: every name that is judged has one of these in it.
pub(in super::super) const STEMS: &[&str] = &[
    "pass", "pwd", "pw", "pswd", "secret", "token", "key", "cred", "auth", "cookie", "session", "sessid",
    "sid", "sig", "jwt", "bearer", "otp", "pin", "cvv", "cvc", "puk", "2fa", "mfa", "code", "psk", "mnemonic", "salt",
    "пароль", "密码", "密碼", "口令", "パスワード", "비밀번호", "contrase", "senha", "hasło", "haslo", "wachtwoord", "kennwort",
    "parola", "heslo", "lösenord", "adgangskode", "salasana", "jelszó", "şifre", "Şifre", "sifre", "mật khẩu", "clave",
    "Пароль", "ПАРОЛЬ", "κωδικός", "كلمة المرور", "كلمة السر", "סיסמה", "รหัสผ่าน", "पासवर्ड", "暗証番号", "密钥", "令牌", "암호",
];

/// Strong words.
pub(super) const SECRETS: &[&str] = &[
    "password", "passwords", "passwd", "passwds", "passphrase", "passphrases", "passcode", "passcodes", "pwd", "pswd",
    "passwort", "kennwort", "contraseña", "contrasena", "contrasenia", "senha", "hasło", "haslo", "wachtwoord",
    "пароль", "密码", "密碼", "口令", "パスワード", "비밀번호", "parola", "heslo", "lösenord", "adgangskode", "salasana",
    "jelszó", "şifre", "sifre", "mật khẩu", "clave", "secret", "secrets", "credential", "credentials", "creds", "cred", "psk", "mnemonic", "apikey", "apikeys",
    "passkey", "passe",
];

/// Words that end in these are strong as well.
pub(super) const SECRET_ENDS: &[&str] = &[
    "password", "passwords", "passwd", "passphrase", "passcode", "passwort", "secret", "secrets", "credentials", "apikey", "pwd",
    "secretkey", "privatekey", "accesskey", "пароль", "密码", "密碼", "パスワード", "비밀번호",
];

/// Keys whose name is written as one word.
pub(super) const CLOSE_KEYS: &[&str] = &[
    "secretkey", "privatekey", "accesskey", "accountkey", "authkey", "masterkey", "signingkey", "encryptionkey",
    "licensekey", "sharedkey", "sharedaccesskey", "sshkey", "clientkey", "appkey", "hmackey", "sessionkey", "deploykey", "storagekey",
    "servicekey", "consumerkey", "querykey", "userkey", "serverkey", "keypass", "storepass", "authkeys", "accesskeys", "rootkey",
];

/// What before `key` makes it one of a lock.
pub(super) const KEYS: &[&str] = &[
    "api", "app", "application", "access", "secret", "private", "priv", "account", "encryption", "encrypt", "decryption", "enc",
    "crypt", "crypto", "signing", "sign", "signature", "master", "license", "licence", "shared", "preshared", "auth", "authentication",
    "authorization", "hmac", "aes", "des", "rsa", "ecdsa", "ed25519", "client", "consumer", "service", "deploy", "webhook", "ssh",
    "root", "admin", "session", "jwt", "cookie", "token", "server", "subscription", "write", "ingest", "ingestion", "sdk", "dev",
    "developer", "functions", "storage", "vault", "recovery", "bot", "insert", "rest", "pgp", "gpg", "wallet", "cipher", "sas",
    "login", "security", "integration", "admission", "activation", "backup", "bearer", "internal", "live", "test", "prod", "wireguard",
];

/// What before `key` makes it one of a table, a keyboard or everybody's.
pub(super) const DENIED_BEFORE_KEY: &[&str] = &[
    "public", "pub", "primary", "foreign", "partition", "sort", "cache", "row", "routing", "object", "hash", "index", "unique",
    "composite", "natural", "surrogate", "candidate", "group", "parent", "child", "map", "dict", "json", "registry", "message",
    "event", "translation", "i18n", "locale", "feature", "flag", "metric", "param", "header", "hot", "arrow", "enter", "any", "esc",
    "idempotency", "dedup", "deduplication", "shard", "sorting", "lookup", "search", "config", "setting", "settings", "column",
    "field", "property", "attribute", "tag", "label", "node", "kv", "redis", "s3", "entity", "record", "item", "document", "doc", "file",
    "verification", "verifying", "verify", "issue", "project", "ticket", "conversation", "thread", "topic", "queue", "job", "task", "lock", "press", "down", "up", "shift", "ctrl", "alt", "meta", "tab", "delete", "no", "not", "missing", "unknown", "duplicate", "major", "minor", "musical", "answer", "range", "min", "max", "first", "last", "next", "prev",
];

/// What before `token` makes it a piece of text, or a place in a list.
pub(super) const DENIED_BEFORE_TOKEN: &[&str] = &[
    "next", "page", "pagination", "continuation", "prompt", "completion", "total", "max", "min", "input", "output", "cached",
    "reasoning", "num", "n", "per", "stop", "pad", "eos", "bos", "unk", "cls", "sep", "mask", "special", "lexer", "parser",
    "unexpected", "cancellation", "html", "css", "end", "start", "sync", "of", "many", "few", "used", "remaining", "available", "fetch", "get", "no",
];

/// What before `token` makes it one that opens, in the middle of a sentence.
pub(super) const TOKENS: &[&str] = &[
    "refresh", "id", "csrf", "personal", "oauth", "github", "gitlab", "slack", "device", "registration", "bootstrap", "join",
];

/// What before `code` makes it one that opens.
pub(super) const CODES: &[&str] = &[
    "verification", "security", "confirmation", "otp", "sms", "auth", "login", "mfa", "2fa", "totp", "backup", "recovery", "pin", "passcode",
    "time", "onetime", "access", "unlock", "activation", "pass", "signin", "magic",
];

/// What before `pass` makes it a password.
pub(super) const PASSES: &[&str] = &[
    "user", "smtp", "db", "mail", "email", "ftp", "ssh", "admin", "root", "auth", "proxy", "my", "pg", "mysql", "redis", "mongo", "api", "key",
    "store", "keystore", "truststore", "login", "wifi", "imap", "pop", "svn", "git", "http", "basic", "cert", "ca", "bind", "ldap", "sql", "rpc",
    "wp", "vpn", "sudo", "database", "require", "default", "export", "import", "rabbitmq", "mq", "amqp",
];

/// Sessions.
pub(super) const SESSIONS: &[&str] =
    &["session", "sessionid", "sid", "sessid", "phpsessid", "jsessionid", "aspsessionid", "connect.sid"];

/// What after a secret's name says that it is something about the secret.
pub(super) const DENIED_AFTER: &[&str] = &[
    "id", "ids", "name", "names", "type", "types", "at", "ttl", "count", "counts", "length", "len", "size", "limit", "limits", "author",
    "expiry", "expires", "expiration", "expired", "expire", "age", "url", "uri", "endpoint", "endpoints", "path", "paths", "file", "filename", "files", "dir", "directory", "policy",
    "status", "state", "version", "valid", "validity", "required", "enabled", "disabled", "field", "fields", "prompt", "hint", "label",
    "placeholder", "regex", "pattern", "format", "min", "max", "budget", "usage", "used", "index", "idx", "rotation", "rotated", "reset",
    "changed", "updated", "created", "strength", "score", "algorithm", "alg", "algo", "method", "mode", "provider", "manager", "store",
    "factory", "handler", "validator", "validators", "generator", "error", "errors", "attempts", "retries", "timeout", "interval", "duration", "per",
    "minute", "second", "rate", "price", "cost", "exists", "present", "mismatch", "column", "table", "arn", "fingerprint", "thumbprint",
    "kid", "group", "space", "board", "prefix", "rs", "py", "js", "ts", "java", "go", "rb", "php", "c", "h", "cpp", "cs", "kt", "json", "yml", "yaml",
    "toml", "txt", "pem", "md", "html", "css", "sh", "conf", "cfg", "class", "service", "controller", "module", "util", "utils", "helper", "test", "tests", "spec",
    "click", "down", "up", "press", "event", "frame", "frames", "map", "set", "list", "pair", "pairs", "word", "words", "binding", "bindings", "chain", "ring", "info", "metadata", "meta",
    "option", "options", "rule", "rules", "level", "source", "ref", "reference", "location", "region", "vault", "audience", "issuer", "scope", "scopes", "domain", "settings", "config", "length", "lifetime", "window",
    "check", "checks", "checked", "missing", "invalid", "ok", "failed", "success", "verified", "verify", "verification", "confirmed", "protected", "safe", "less", "only", "free", "based", "aware",
    "request", "requests", "response", "responses", "refresh", "refreshed", "revoked", "issued", "received", "sent", "found", "loaded", "count", "bits", "bytes", "curve", "usages", "size", "spec", "schema", "kind", "category", "title", "description", "comment", "note", "help", "text", "html", "icon", "image", "input", "button", "form", "page", "view", "screen", "dialog", "link", "links",
];

/// What after a secret's name says nothing more.
pub(super) const AFTER: &[&str] = &[
    "value", "val", "plain", "plaintext", "clear", "cleartext", "b64", "base64", "hex", "hash", "hashed", "digest", "encrypted", "enc", "prod", "production", "live", "dev", "staging", "stage",
    "new", "old", "current", "previous", "prev", "raw", "data", "str", "string", "confirm", "confirmation", "again", "repeat", "repeated", "default", "primary", "secondary", "main", "backup",
    "readonly", "ro", "rw", "admin", "root", "user", "local", "a", "b", "salt", "base", "key", "keys", "temp", "tmp", "one", "two",
];

/// What in front of a name asks a question about the secret.
pub(super) const DOUBTFUL: &[&str] = &[
    "has", "is", "show", "hide", "toggle", "forgot", "forgotten", "reset", "require", "requires", "required", "use", "no", "enable", "enabled", "disable", "allow",
    "can", "should", "needs", "need", "missing", "invalid", "check", "verify", "validate", "change", "update", "rotate", "generate", "create", "remember", "save", "strong", "weak", "min", "max",
];
