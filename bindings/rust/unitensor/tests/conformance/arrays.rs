// SPDX-License-Identifier: Apache-2.0
//! Arrays of cases: values, bytes, patterns and checksums.
use unitensor::{Array, ArrayMut, BFloat16, Bool, Context, Dtype, Element, Float16, Memory, Tensor};

use crate::ensure;
use crate::vectors::{Case, Checked, Failure};

const DTYPES: [Dtype; 13] = [
    Dtype::Bool,
    Dtype::Int8,
    Dtype::Int16,
    Dtype::Int32,
    Dtype::Int64,
    Dtype::Uint8,
    Dtype::Uint16,
    Dtype::Uint32,
    Dtype::Uint64,
    Dtype::Float16,
    Dtype::BFloat16,
    Dtype::Float32,
    Dtype::Float64,
];

/// Does something with the type of Rust's that has a dtype.
macro_rules! with_element {
    ($dtype:expr, $element:ident => $body:expr) => {
        match $dtype {
            Dtype::Bool => with_element!(@ Bool, $element => $body),
            Dtype::Int8 => with_element!(@ i8, $element => $body),
            Dtype::Int16 => with_element!(@ i16, $element => $body),
            Dtype::Int32 => with_element!(@ i32, $element => $body),
            Dtype::Int64 => with_element!(@ i64, $element => $body),
            Dtype::Uint8 => with_element!(@ u8, $element => $body),
            Dtype::Uint16 => with_element!(@ u16, $element => $body),
            Dtype::Uint32 => with_element!(@ u32, $element => $body),
            Dtype::Uint64 => with_element!(@ u64, $element => $body),
            Dtype::Float16 => with_element!(@ Float16, $element => $body),
            Dtype::BFloat16 => with_element!(@ BFloat16, $element => $body),
            Dtype::Float32 => with_element!(@ f32, $element => $body),
            Dtype::Float64 => with_element!(@ f64, $element => $body),
            other => unreachable!("{other:?}"),
        }
    };
    (@ $rust:ty, $element:ident => $body:expr) => {{
        type $element = $rust;
        $body
    }};
}

/// An array in the memory of Rust.
#[derive(Clone)]
pub struct HostArray {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// Aligned for every dtype; longer than the elements.
    words: Vec<u64>,
}

impl HostArray {
    pub fn new(dtype: Dtype, shape: &[usize]) -> HostArray {
        let bytes = shape.iter().product::<usize>() * dtype.size();
        HostArray { dtype, shape: shape.to_vec(), words: vec![0xa5a5_a5a5_a5a5_a5a5; bytes / 8 + 1] }
    }

    fn num_elements(&self) -> usize {
        self.shape.iter().product()
    }

    fn elements<T: Element>(&self) -> &[T] {
        // SAFETY: elements take every pattern of bytes, need no more than 8 bytes of alignment, and fit.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr().cast(), self.num_elements()) }
    }

    fn elements_mut<T: Element>(&mut self) -> &mut [T] {
        let length = self.num_elements();
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.words.as_mut_ptr().cast(), length) }
    }

    pub fn bytes(&self) -> &[u8] {
        // SAFETY: so many bytes are there.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr().cast(), self.num_elements() * self.dtype.size()) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        let length = self.num_elements() * self.dtype.size();
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.words.as_mut_ptr().cast(), length) }
    }

    pub fn array(&self) -> unitensor::Result<Array<'_>> {
        with_element!(self.dtype, T => Array::new(self.elements::<T>(), &self.shape))
    }

    pub fn array_mut(&mut self) -> unitensor::Result<ArrayMut<'_>> {
        let shape = self.shape.clone();
        with_element!(self.dtype, T => ArrayMut::new(self.elements_mut::<T>(), &shape))
    }

    /// Whether nothing was written behind the elements.
    pub fn is_intact(&self) -> bool {
        let end = self.num_elements() * self.dtype.size();
        self.words.iter().flat_map(|word| word.to_le_bytes()).skip(end).all(|byte| byte == 0xa5)
    }

    /// What a tensor holds, wherever it is.
    pub fn of_tensor(tensor: &Tensor<'_>) -> Checked<HostArray> {
        let mut array = HostArray::new(tensor.dtype(), tensor.shape());
        tensor.copy_to(array.array_mut()?)?;
        Ok(array)
    }

    /// A tensor with a copy of it.
    pub fn to_tensor(&self, context: &Context, memory: Memory, row_alignment: usize) -> Checked<Tensor<'static>> {
        let builder = Tensor::builder(self.dtype, &self.shape).memory(memory).row_alignment(row_alignment);
        Ok(builder.copy_of(context, self.array()?)?)
    }

    fn fill(&mut self, values: impl Iterator<Item = i128>) -> Checked {
        let (dtype, size) = (self.dtype, self.dtype.size());
        for (place, value) in self.bytes_mut().chunks_exact_mut(size).zip(values) {
            match dtype {
                Dtype::Float32 => place.copy_from_slice(&(value as f32).to_le_bytes()),
                Dtype::Float64 => place.copy_from_slice(&(value as f64).to_le_bytes()),
                Dtype::Float16 | Dtype::BFloat16 => {
                    return Err(Failure(format!("{dtype} is given in hexadecimal only")));
                }
                // Little-endian: the low bytes are the narrower integer.
                _ => place.copy_from_slice(&value.to_le_bytes()[..size]),
            }
        }
        Ok(())
    }
}

pub fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

pub fn crc32(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256u32)
        .map(|byte| (0..8).fold(byte, |crc, _| if crc & 1 != 0 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }))
        .collect();
    !bytes.iter().fold(!0, |crc, byte| crc >> 8 ^ table[(crc as u8 ^ byte) as usize])
}

pub fn dtype_of(name: &str) -> Checked<Dtype> {
    let dtype = DTYPES.into_iter().find(|dtype| dtype.name() == name);
    dtype.ok_or_else(|| Failure(format!("\"{name}\" is no dtype")))
}

fn form(case: &Case, path: &str) -> Checked<(Dtype, Vec<usize>)> {
    let dtype = dtype_of(case.text(&format!("{path}.dtype"))?)?;
    let shape = match case.optional(&format!("{path}.shape"))? {
        Some(shape) => crate::vectors::numbers(shape)?,
        None => vec![case.numbers::<i128>(&format!("{path}.values"))?.len()],
    };
    Ok((dtype, shape))
}

/// An array that a case describes; not one that is given by its checksum.
pub fn array_of(case: &Case, path: &str) -> Checked<HostArray> {
    let (dtype, shape) = form(case, path)?;
    let mut array = HostArray::new(dtype, &shape);
    let length = array.num_elements();
    if case.optional(&format!("{path}.hex"))?.is_some() {
        let bytes = case.bytes(&format!("{path}.hex"))?;
        ensure!(
            bytes.len() == array.bytes().len(),
            "{path} has {} bytes, expected {}",
            bytes.len(),
            array.bytes().len()
        );
        array.bytes_mut().copy_from_slice(&bytes);
        return Ok(array);
    }
    if case.optional(&format!("{path}.values"))?.is_some() {
        let values = case.numbers::<i128>(&format!("{path}.values"))?;
        ensure!(values.len() == length, "{path} has {} values, expected {length}", values.len());
        array.fill(values.into_iter())?;
        return Ok(array);
    }
    let mut state = case.number::<u64>(&format!("{path}.pattern"))?;
    let modulo = case.number::<u64>(&format!("{path}.modulo"))?;
    let cumulative = case.optional(&format!("{path}.cumulative"))? == Some("true");
    let mut sum = 0;
    array.fill(std::iter::repeat_with(|| {
        let number = i128::from(splitmix64(&mut state) % modulo);
        sum += number;
        if cumulative {
            sum - number
        } else {
            number
        }
    }))?;
    Ok(array)
}

/// An array against what a case expects.
pub fn check_array(case: &Case, path: &str, found: &HostArray) -> Checked {
    let (dtype, shape) = form(case, path)?;
    ensure!(
        found.dtype == dtype && found.shape == shape,
        "{path} has dtype {} and shape {:?}, expected {dtype} and {shape:?}",
        found.dtype,
        found.shape
    );
    ensure!(found.is_intact(), "{path}: something was written behind it");
    if case.optional(&format!("{path}.crc32"))?.is_some() {
        let (expected, crc) = (case.number::<u32>(&format!("{path}.crc32"))?, crc32(found.bytes()));
        ensure!(crc == expected, "{path} has CRC-32 {crc}, expected {expected}");
        return Ok(());
    }
    let expected = array_of(case, path)?;
    let place = found.bytes().iter().zip(expected.bytes()).position(|(a, b)| a != b);
    ensure!(place.is_none(), "{path} differs at byte {}", place.unwrap_or_default());
    Ok(())
}

pub fn check_tensor(case: &Case, path: &str, tensor: &Tensor<'_>) -> Checked {
    check_array(case, path, &HostArray::of_tensor(tensor)?)
}
