//! Optional arguments of functions and methods: unlike `Option`, `none` is a value, as in Python.

use minijinja::Error;
use minijinja::value::{ArgType, Kwargs, Value};

/// An argument that may be left out.
#[derive(Debug)]
pub(crate) struct Given(pub(crate) Option<Value>);

impl<'a> ArgType<'a> for Given {
    type Output = Self;

    fn from_value(value: Option<&'a Value>) -> Result<Self, Error> {
        Ok(Self(value.cloned()))
    }

    fn from_value_owned(value: Value) -> Result<Self, Error> {
        Ok(Self(Some(value)))
    }
}

impl Given {
    /// The argument, given by position or by name; all other names are errors.
    pub(crate) fn or_named(self, name: &str, options: &Kwargs) -> Result<Option<Value>, Error> {
        let named = options.has(name).then(|| options.get::<Value>(name)).transpose()?;
        options.assert_all_used()?;
        Ok(self.0.or(named))
    }
}
