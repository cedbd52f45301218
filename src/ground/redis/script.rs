use redis::Cmd;

/// A script that the server knows by its SHA-1.
#[derive(Debug)]
pub(crate) struct Script {
    source: &'static str,
    sha: String,
}

/// Which script to call, with what.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(super) script: &'a Script,
    pub(super) keys: &'a [Vec<u8>],
    pub(super) arguments: &'a [u64],
    /// What comes after the arguments.
    pub(super) data: &'a [Vec<u8>],
}

impl Script {
    pub(crate) fn new(source: &'static str) -> Self {
        Self { source, sha: sha1_smol::Sha1::from(source).digest().to_string() }
    }

    pub(crate) const fn call<'a>(&'a self, keys: &'a [Vec<u8>], arguments: &'a [u64]) -> Call<'a> {
        Call { script: self, keys, arguments, data: &[] }
    }
}

impl<'a> Call<'a> {
    /// With further arguments that are no numbers.
    pub(crate) const fn with_data(self, data: &'a [Vec<u8>]) -> Self {
        Self { data, ..self }
    }
}

impl Call<'_> {
    /// By the name that the server knows it by.
    pub(super) fn by_sha(&self) -> Cmd {
        self.command("EVALSHA", &self.script.sha)
    }

    /// With the whole text, which makes it known.
    pub(super) fn by_text(&self) -> Cmd {
        self.command("EVAL", self.script.source)
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let keys: usize = self.keys.iter().map(Vec::len).sum();
        let data: usize = self.data.iter().map(Vec::len).sum();
        let size = name.len() + script.len() + keys + self.arguments.len() * 20 + data + 20;
        let count = 3 + self.keys.len() + self.arguments.len() + self.data.len();
        let mut command = Cmd::with_capacity(count, size);
        command.arg(name).arg(script).arg(self.keys.len());
        for key in self.keys {
            command.arg(key.as_slice());
        }
        for argument in self.arguments {
            command.arg(*argument);
        }
        for data in self.data {
            command.arg(data.as_slice());
        }
        command
    }
}
