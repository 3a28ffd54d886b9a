//! Columns of integers in the engine's own format, without a [`Value`](crate::database::Value) per row.

use duckdb::arrow::array::types::{Date32Type, Decimal128Type, Int32Type, Int64Type, UInt64Type};
use duckdb::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray, StructArray};

use super::error;

/// One column of a batch.
pub(super) enum Column<'a> {
    Boolean(&'a BooleanArray),
    Int(&'a PrimitiveArray<Int32Type>),
    BigInt(&'a PrimitiveArray<Int64Type>),
    UBigInt(&'a PrimitiveArray<UInt64Type>),
    Date(&'a PrimitiveArray<Date32Type>),
    Decimal(&'a PrimitiveArray<Decimal128Type>),
}

/// The columns of a batch.
pub(super) fn of(batch: &StructArray) -> duckdb::Result<Vec<Column<'_>>> {
    let columns = batch.columns().iter().map(Column::new).collect::<Option<_>>();
    columns.ok_or_else(|| error::refused("a column of an unsupported type"))
}

impl<'a> Column<'a> {
    fn new(array: &'a ArrayRef) -> Option<Self> {
        None.or_else(|| array.as_primitive_opt().map(Self::BigInt))
            .or_else(|| array.as_primitive_opt().filter(|decimals| decimals.precision() <= 18).map(Self::Decimal))
            .or_else(|| array.as_primitive_opt().map(Self::UBigInt))
            .or_else(|| array.as_primitive_opt().map(Self::Int))
            .or_else(|| array.as_primitive_opt().map(Self::Date))
            .or_else(|| array.as_boolean_opt().map(Self::Boolean))
    }

    /// The value of a row; `None` for NULL.
    #[inline]
    pub(super) fn value(&self, row: usize) -> Option<i64> {
        match self {
            Self::Boolean(array) => array.is_valid(row).then(|| i64::from(array.value(row))),
            Self::Int(array) => array.is_valid(row).then(|| i64::from(array.value(row))),
            Self::BigInt(array) => array.is_valid(row).then(|| array.value(row)),
            Self::UBigInt(array) => array.is_valid(row).then(|| array.value(row).cast_signed()),
            Self::Date(array) => array.is_valid(row).then(|| i64::from(array.value(row))),
            Self::Decimal(array) => i64::try_from(array.is_valid(row).then(|| array.value(row))?).ok(),
        }
    }
}
