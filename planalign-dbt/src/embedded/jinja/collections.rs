//! Mutable lists and dicts, as in Python.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::value::{Enumerator, Kwargs, Object, ObjectRepr, Tuple, Value, ValueKind, from_args};
use minijinja::{Error, ErrorKind, State};
use serde_json::Value as Json;

use super::arguments::Given;
use super::builtins::python_text;
use super::errors::failure;
use super::nesting;
use super::sorting::sorted;

/// A list with `append` and similar methods.
#[derive(Debug, Default)]
pub(crate) struct List(Mutex<Vec<Value>>);

/// A dict with `update` and similar methods; keys keep their order.
#[derive(Debug, Default)]
pub(crate) struct Dict(Mutex<Vec<(Value, Value)>>);

/// `_list_([...])`: replaces list literals.
pub(crate) fn list_literal(items: &Value) -> Result<Value, Error> {
    nesting::check(items, None)?;
    Ok(list(items.try_iter()?.collect()))
}

/// `_dict_({...})`: replaces dict literals.
pub(crate) fn dict_literal(pairs: &Value) -> Result<Value, Error> {
    nesting::check(pairs, None)?;
    Ok(Value::from_object(Dict(Mutex::new(entries(pairs)?))))
}

/// A mutable list.
pub(crate) fn list(items: Vec<Value>) -> Value {
    Value::from_object(List(Mutex::new(items)))
}

/// A YAML or JSON value in a template; its lists and dicts are immutable.
pub(crate) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(b) => Value::from(*b),
        Json::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(i), _) => Value::from(i),
            (None, Some(u)) => Value::from(u),
            (None, None) => Value::from(n.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(s) => Value::from(s.as_str()),
        Json::Array(items) => items.iter().map(from_json).collect::<Vec<_>>().into(),
        Json::Object(map) => Value::from_pairs(map.iter().map(|(key, value)| (key.as_str(), from_json(value)))),
    }
}

fn entries(map: &Value) -> Result<Vec<(Value, Value)>, Error> {
    map.try_iter()?.map(|key| map.get_item(&key).map(|value| (key, value))).collect()
}

impl List {
    /// Fails if an item can't become part of the list.
    fn check(self: &Arc<Self>, item: &Value) -> Result<(), Error> {
        nesting::check(item, Some(&Value::from_dyn_object(self.clone())))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn position(&self, wanted: &Value) -> Result<usize, Error> {
        self.lock().iter().position(|v| v == wanted).ok_or_else(|| failure(format!("{wanted:?} is not in the list")))
    }

    /// An index, possibly from the end, within the list or just past it.
    fn place(len: usize, index: i64) -> usize {
        let len_signed = i64::try_from(len).unwrap_or(i64::MAX);
        let index = if index < 0 { index + len_signed } else { index };
        usize::try_from(index.clamp(0, len_signed)).unwrap_or(0)
    }

    fn pop(&self, index: Option<i64>) -> Result<Value, Error> {
        let mut items = self.lock();
        let at = Self::place(items.len(), index.unwrap_or(-1));
        if at >= items.len() {
            return Err(failure("pop from an empty list, or beyond its end"));
        }
        Ok(items.remove(at))
    }
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.lock().get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.lock().len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        match method {
            "append" => {
                let (item,): (Value,) = from_args(args)?;
                self.check(&item)?;
                self.lock().push(item);
            }
            "extend" => {
                let (more,): (Value,) = from_args(args)?;
                let more: Vec<_> = more.try_iter()?.collect();
                more.iter().try_for_each(|item| self.check(item))?;
                self.lock().extend(more);
            }
            "insert" => {
                let (index, item): (i64, Value) = from_args(args)?;
                self.check(&item)?;
                let mut items = self.lock();
                let at = Self::place(items.len(), index);
                items.insert(at, item);
            }
            "pop" => {
                let (index,): (Option<i64>,) = from_args(args)?;
                return self.pop(index);
            }
            "remove" => {
                let (item,): (Value,) = from_args(args)?;
                let at = self.position(&item)?;
                self.lock().remove(at);
            }
            "clear" => self.lock().clear(),
            "reverse" => self.lock().reverse(),
            "sort" => {
                let (options,): (Kwargs,) = from_args(args)?;
                let reverse = options.get::<Option<bool>>("reverse")?.unwrap_or(false);
                options.assert_all_used()?;
                let items = self.lock().iter().map(|item| (item.clone(), item.clone())).collect();
                let items = sorted(items, reverse)?;
                *self.lock() = items;
            }
            "copy" => return Ok(list(self.lock().clone())),
            "index" => {
                let (item,): (Value,) = from_args(args)?;
                return self.position(&item).map(Value::from);
            }
            "count" => {
                let (item,): (Value,) = from_args(args)?;
                return Ok(Value::from(self.lock().iter().filter(|v| **v == item).count()));
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(Value::from(()))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items: Vec<_> = self.lock().iter().map(python_text).collect();
        write!(f, "[{}]", items.join(", "))
    }
}

impl Dict {
    fn lock(&self) -> MutexGuard<'_, Vec<(Value, Value)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, key: &Value) -> Option<Value> {
        self.lock().iter().find(|(k, _)| k == key).map(|(_, v)| v.clone())
    }

    fn set(self: &Arc<Self>, key: Value, value: Value) -> Result<(), Error> {
        nesting::check(&value, Some(&Value::from_dyn_object(self.clone())))?;
        let mut pairs = self.lock();
        match pairs.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) => *old = value,
            None => pairs.push((key, value)),
        }
        Ok(())
    }

    fn take(&self, key: &Value) -> Option<Value> {
        let mut pairs = self.lock();
        let at = pairs.iter().position(|(k, _)| k == key)?;
        Some(pairs.remove(at).1)
    }

    /// `update({...})`, `update(a=1)` or both.
    fn update(self: &Arc<Self>, args: &[Value]) -> Result<(), Error> {
        for more in args {
            if more.kind() != ValueKind::Map {
                return Err(failure("update() takes a dict"));
            }
            for (key, value) in entries(more)? {
                self.set(key, value)?;
            }
        }
        Ok(())
    }
}

impl Object for Dict {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.find(key)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.lock().iter().map(|(k, _)| k.clone()).collect())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        match method {
            "update" => self.update(args)?,
            "get" => {
                let (key, Given(default)): (Value, Given) = from_args(args)?;
                return Ok(self.find(&key).or(default).unwrap_or_else(|| Value::from(())));
            }
            "setdefault" => {
                let (key, Given(default)): (Value, Given) = from_args(args)?;
                if let Some(known) = self.find(&key) {
                    return Ok(known);
                }
                let value = default.unwrap_or_else(|| Value::from(()));
                self.set(key, value.clone())?;
                return Ok(value);
            }
            "pop" => {
                let (key, Given(default)): (Value, Given) = from_args(args)?;
                return self.take(&key).or(default).ok_or_else(|| failure(format!("{key:?} is not in the dict")));
            }
            "clear" => self.lock().clear(),
            "copy" => return Ok(Value::from_object(Self(Mutex::new(self.lock().clone())))),
            "keys" => return Ok(list(self.lock().iter().map(|(k, _)| k.clone()).collect())),
            "values" => return Ok(list(self.lock().iter().map(|(_, v)| v.clone()).collect())),
            "items" => {
                let pairs = self.lock().clone();
                return Ok(list(pairs.into_iter().map(|(k, v)| Value::from(Tuple::from([k, v]))).collect()));
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(Value::from(()))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs: Vec<_> =
            self.lock().iter().map(|(key, value)| format!("{}: {}", python_text(key), python_text(value))).collect();
        write!(f, "{{{}}}", pairs.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexer::as_in_python;
    use super::*;

    fn check(template: &str, expected: &str) {
        let mut env = minijinja::Environment::new();
        env.add_function("_list_", |v: Value| list_literal(&v));
        env.add_function("_dict_", |v: Value| dict_literal(&v));
        env.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        let source = as_in_python(template).expect("closed");
        let text = env.render_str(&source, ()).unwrap_or_else(|e| e.to_string());
        assert_eq!(text, expected, "{template}");
    }

    #[test]
    fn lists_change_in_place() {
        check("{% set x = [] %}{% do x.append('a') %}{% do x.extend([1, none]) %}{{ x }}", "['a', 1, None]");
        check("{% set x = [3, 1, 2] %}{% do x.sort() %}{{ x }}{{ x.pop() }}{{ x.pop(0) }}{{ x }}", "[1, 2, 3]31[2]");
        check(
            "{% set x = [1] %}{% do x.insert(0, 5) %}{% do x.insert(-1, 6) %}{{ x }}{{ x.index(1) }}{{ x.count(5) }}",
            "[5, 6, 1]21",
        );
        check(
            "{% set x = [1, 2] %}{% set y = x.copy() %}{% do x.remove(1) %}{% do y.reverse() %}{{ x }}{{ y }}",
            "[2][2, 1]",
        );
        check("{% set x = [1] %}{% do x.clear() %}{{ x }}{{ 'empty' if not x }}", "[]empty");
        check(
            "{% set x = [] %}{{ x.pop() }}",
            "invalid operation: pop from an empty list, or beyond its end (in <string>:1)",
        );
        check("{{ [1].remove(2) }}", "invalid operation: 2 is not in the list (in <string>:1)");
    }

    #[test]
    fn lists_are_sequences_to_everything_else() {
        check(
            "{{ [1, 2] + [3] }} {{ [1, 2] | join('-') }} {{ [1, 2] | length }} {{ 2 in [1, 2] }}",
            "[1, 2, 3] 1-2 2 True",
        );
        check(
            "{{ [1, 2] == [1, 2] }} {{ [1, [2]] | tojson }} {{ [1, 2, 3][-1] }} {{ [1, 2, 3][1:] }}",
            "True [1, [2]] 3 [2, 3]",
        );
        check("{% for a, b in [['x', 1]] %}{{ a }}{{ b }}{% endfor %}{{ [] is sequence }}", "x1True");
    }

    #[test]
    fn dicts_change_in_place() {
        check(
            "{% set d = {'a': 1} %}{% do d.update({'b': 2}) %}{% do d.update(c=3) %}{{ d }}",
            "{'a': 1, 'b': 2, 'c': 3}",
        );
        check(
            "{% set d = {'a': 1} %}{{ d.get('a') }}{{ d.get('z', 9) }}{{ d.get('z') }}{{ d.setdefault('q', 5) }}{{ d.q }}",
            "19None55",
        );
        check("{% set d = {'a': 1, 'b': 2} %}{{ d.pop('a') }}{{ d.pop('a', 7) }}{{ d }}", "17{'b': 2}");
        check("{{ {}.pop('a', none) }} {{ {}.get('a', none) }} {{ {}.setdefault('a', none) }}", "None None None");
        check(
            "{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}{{ {'a': 1}.keys() }}{{ {'a': 1}.values() }}",
            "a1['a'][1]",
        );
        check(
            "{% set d = {'a': 1} %}{% set e = d.copy() %}{% do d.clear() %}{{ d }}{{ e }}{{ d.setdefault('a', 2) }}",
            "{}{'a': 1}2",
        );
        check(
            "{{ {'a': 1} == {'a': 1} }} {{ 'a' in {'a': 1} }} {{ {'a': {'b': 2}} | tojson }} {{ {} is mapping }}",
            "True True {\"a\": {\"b\": 2}} True",
        );
        check("{{ {}.pop('x') }}", "invalid operation: 'x' is not in the dict (in <string>:1)");
        check("{{ {}.update(1) }}", "invalid operation: update() takes a dict (in <string>:1)");
    }
}
