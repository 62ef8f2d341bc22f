//! The part of ONNX Runtime's C API that a model needs, made safe: nothing outside of this file is `unsafe`.
#![allow(dead_code)] // a program that copies this file may need less of it

use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::fmt;
use std::marker::PhantomData;
use std::ptr::{null, null_mut};

/// ONNX Runtime 1.15 and every newer one has it.
const API: u32 = 15;

const LOGGING_FATAL: c_int = 4;
const ARENA_ALLOCATOR: c_int = 1;
const DEFAULT_MEMORY: c_int = 0;

/// What went wrong, in one line.
#[derive(Debug)]
pub struct Error(String);

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Keep the first line of a message.
    pub fn new(message: impl AsRef<str>) -> Error {
        Error(
            message
                .as_ref()
                .lines()
                .next()
                .unwrap_or_default()
                .to_string(),
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        Error::new(error.to_string())
    }
}

/// How to open a model; the default is the best for small ones.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Of one call; 0 for one.
    pub threads: u16,
    pub optimisation: Optimisation,
    /// What this build of ONNX Runtime has beside the CPU: "CUDA", "CoreML", "XNNPACK".
    pub provider: Option<String>,
}

/// What is done to the graph before it runs.
#[derive(Clone, Copy, Debug, Default)]
pub enum Optimisation {
    None = 0,
    Basic = 1,
    Extended = 2,
    #[default]
    All = 99,
}

/// Values in row-major order, `N` axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor<T, const N: usize> {
    shape: [usize; N],
    values: Vec<T>,
}

impl<T, const N: usize> Tensor<T, N> {
    /// Fails where there are more or fewer values than the shape says.
    pub fn new(shape: [usize; N], values: Vec<T>) -> Result<Self> {
        if shape
            .iter()
            .try_fold(1, |count: usize, size| count.checked_mul(*size))
            != Some(values.len())
        {
            return Err(Error::new(format!(
                "{} values do not fill the shape {shape:?}",
                values.len()
            )));
        }
        Ok(Tensor { shape, values })
    }

    pub fn full(shape: [usize; N], value: T) -> Self
    where
        T: Clone,
    {
        let values = vec![value; shape.iter().product()];
        Tensor { shape, values }
    }

    pub fn shape(&self) -> [usize; N] {
        self.shape
    }

    pub fn values(&self) -> &[T] {
        &self.values
    }

    pub fn into_values(self) -> Vec<T> {
        self.values
    }
}

/// An axis of the inputs: the lengths that it may have, and the one that it has in this call.
pub(crate) struct Axis {
    name: &'static str,
    least: usize,
    most: usize,
    found: Option<usize>,
}

impl Axis {
    pub fn new(name: &'static str, least: usize, most: usize) -> Axis {
        Axis {
            name,
            least,
            most,
            found: None,
        }
    }

    /// Hold its length in an input: ONNX Runtime ends the process where an LSTM gets no sequence.
    pub fn hold(&mut self, input: &str, length: usize) -> Result<()> {
        let name = self.name;
        let must = if length < self.least {
            format!("and must have {} at least", self.least)
        } else if length > self.most {
            format!("and must have {} at most", self.most)
        } else {
            let found = *self.found.get_or_insert(length);
            if found == length {
                return Ok(());
            }
            format!("and {found} in another input: they must agree")
        };
        Err(Error::new(format!(
            "input '{input}': axis '{name}' has length {length}, {must}"
        )))
    }

    /// Hold lengths along it: one beyond the end would be read there.
    pub fn hold_lengths<T>(&self, input: &str, lengths: &[T], least: i64) -> Result<()>
    where
        T: Copy + Into<i64>,
    {
        let most = self.found.unwrap_or(self.most);
        for (at, &length) in lengths.iter().enumerate() {
            let length: i64 = length.into();
            if length < least || length as u64 > most as u64 {
                return Err(Error::new(format!(
                    "input '{input}': {length} at {at}, and a length must be from {least} to {most}"
                )));
            }
        }
        Ok(())
    }
}

/// An input or output for which the code was made; a size is -1 where an axis is free.
pub(crate) struct Port {
    name: &'static CStr,
    element: i32,
    sizes: &'static [i64],
}

pub(crate) const fn port(name: &'static CStr, element: i32, sizes: &'static [i64]) -> Port {
    Port {
        name,
        element,
        sizes,
    }
}

impl Port {
    /// Whether something is of its type and shape, as far as it is known.
    fn fits(&self, element: i32, sizes: &[i64]) -> bool {
        let same = |(&found, &size): (&i64, &i64)| found < 0 || size < 0 || found == size;
        element == self.element
            && sizes.len() == self.sizes.len()
            && sizes.iter().zip(self.sizes).all(same)
    }

    fn other(&self, kind: &str) -> Error {
        Error::new(format!(
            "{kind} {} is missing or of another type or shape: this program was made for another model",
            self.name.to_string_lossy()
        ))
    }
}

/// A float of 16 bits, as its bits.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct F16(pub u16);

impl From<F16> for f64 {
    fn from(value: F16) -> f64 {
        let (exponent, fraction) = (i32::from(value.0 >> 10 & 31), f64::from(value.0 & 1023));
        let size = match exponent {
            0 => fraction * 2f64.powi(-24),
            31 if fraction == 0.0 => f64::INFINITY,
            31 => f64::NAN,
            _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
        };
        if value.0 >> 15 == 1 {
            -size
        } else {
            size
        }
    }
}

impl fmt::Display for F16 {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f64::from(*self).fmt(f)
    }
}

impl From<f64> for F16 {
    /// Round to the nearest, to even between two.
    fn from(value: f64) -> F16 {
        let sign = u16::from(value.is_sign_negative()) << 15;
        let size = value.abs();
        if size.is_nan() {
            return F16(sign | 0x7e00);
        }
        // the distance between two neighbours at this size; what is rounded up to 1024 of them carries into the exponent
        let exponent = ((size.to_bits() >> 52) as i32 - 1023).clamp(-14, 16);
        let steps = (size / 2f64.powi(exponent - 10)).round_ties_even() as u32;
        let bits = ((exponent + 14) as u32 * 1024).saturating_add(steps);
        F16(sign | bits.min(0x7c00) as u16)
    }
}

/// A type that ONNX Runtime's tensors are made of.
pub(crate) trait Element: Sized {
    /// ONNX's number of the type, which is ONNX Runtime's too.
    const TYPE: i32;

    fn value<'a>(session: &'a Session, shape: &[i64], values: &'a [Self]) -> Result<Value<'a>>;

    /// Copy `count` values, which are known to be of this type.
    fn copy(value: &Value, count: usize) -> Result<Vec<Self>>;
}

macro_rules! plain_element {
    ($($rust:ty = $onnx:literal),+) => {$(
        impl Element for $rust {
            const TYPE: i32 = $onnx;

            fn value<'a>(session: &'a Session, shape: &[i64], values: &'a [Self]) -> Result<Value<'a>> {
                let (api, mut value) = (session.api, session.own(null_mut()));
                let data = values.as_ptr().cast_mut().cast();
                let (bytes, rank) = (size_of_val(values), shape.len());
                // SAFETY: the memory outlives the value, and ONNX Runtime only reads what goes in
                api.check(unsafe {
                    (api.create_tensor_with_data)(
                        session.memory, data, bytes, shape.as_ptr(), rank, Self::TYPE, &mut value.pointer,
                    )
                })?;
                Ok(value)
            }

            fn copy(value: &Value, count: usize) -> Result<Vec<Self>> {
                let mut data = null_mut();
                value.api.check(unsafe { (value.api.get_tensor_data)(value.pointer, &mut data) })?;
                if count == 0 {
                    return Ok(Vec::new());
                }
                // SAFETY: the tensor holds `count` values of this type
                Ok(unsafe { std::slice::from_raw_parts(data.cast::<Self>(), count) }.to_vec())
            }
        }
    )+};
}

plain_element!(
    f32 = 1,
    u8 = 2,
    i32 = 6,
    i64 = 7,
    bool = 9,
    F16 = 10,
    f64 = 11
);

impl Element for String {
    const TYPE: i32 = 8;

    fn value<'a>(session: &'a Session, shape: &[i64], values: &'a [Self]) -> Result<Value<'a>> {
        let (api, mut value, mut allocator) = (session.api, session.own(null_mut()), null_mut());
        unsafe {
            api.check((api.get_default_allocator)(&mut allocator))?;
            api.check((api.create_tensor)(
                allocator,
                shape.as_ptr(),
                shape.len(),
                Self::TYPE,
                &mut value.pointer,
            ))?;
            for (i, text) in values.iter().enumerate() {
                let mut room = null_mut();
                api.check((api.get_string_room)(
                    value.pointer,
                    i,
                    text.len(),
                    &mut room,
                ))?;
                // SAFETY: it has room for as many bytes as were asked for
                text.as_ptr()
                    .copy_to_nonoverlapping(room.cast(), text.len());
            }
        }
        Ok(value)
    }

    fn copy(value: &Value, count: usize) -> Result<Vec<Self>> {
        let (api, mut bytes) = (value.api, 0);
        api.check(unsafe { (api.get_string_data_length)(value.pointer, &mut bytes) })?;
        let (mut content, mut offsets) = (vec![0u8; bytes], vec![0usize; count]);
        let room = content.as_mut_ptr().cast();
        api.check(unsafe {
            (api.get_string_content)(value.pointer, room, bytes, offsets.as_mut_ptr(), count)
        })?;
        let ends = offsets.iter().skip(1).copied().chain([bytes]);
        let texts = offsets.iter().zip(ends);
        Ok(texts
            .map(|(&start, end)| String::from_utf8_lossy(&content[start..end]).into_owned())
            .collect())
    }
}

/// A model that is loaded, ready to run.
pub(crate) struct Session {
    api: &'static Api,
    env: *mut c_void,
    session: *mut c_void,
    memory: *mut c_void,
}

// SAFETY: ONNX Runtime's sessions take calls from several threads at once, and nothing here changes after `open`
unsafe impl Send for Session {}
unsafe impl Sync for Session {}

impl Session {
    /// Load the bytes of a model, which must have these inputs and outputs.
    pub fn open(
        model: &[u8],
        chosen: &Options,
        inputs: &[Port],
        outputs: &[Port],
    ) -> Result<Session> {
        // SAFETY: what ONNX Runtime gives for this number has the layout of `Api`
        let api = unsafe { ((*OrtGetApiBase()).get_api)(API).as_ref() };
        let api = api.ok_or_else(|| {
            Error::new("this ONNX Runtime is too old: version 1.15 or newer is needed")
        })?;
        // filled in one by one, so that `drop` releases what there is already
        let mut session = Session {
            api,
            env: null_mut(),
            session: null_mut(),
            memory: null_mut(),
        };
        let name = c"lstm-onnx".as_ptr();
        let mut options = SessionOptions {
            api,
            pointer: null_mut(),
        };
        unsafe {
            api.check((api.create_env)(LOGGING_FATAL, name, &mut session.env))?;
            api.check((api.create_session_options)(&mut options.pointer))?;
            let threads = c_int::from(chosen.threads.clamp(1, 1024)); // one is the fastest for small models
            api.check((api.set_intra_op_threads)(options.pointer, threads))?;
            let level = chosen.optimisation as c_int;
            api.check((api.set_optimisation)(options.pointer, level))?;
            if let Some(provider) = &chosen.provider {
                options.run_on(provider)?;
            }
            let (data, size) = (model.as_ptr().cast(), model.len());
            api.check((api.create_session)(
                session.env,
                data,
                size,
                options.pointer,
                &mut session.session,
            ))?;
            api.check((api.create_cpu_memory_info)(
                ARENA_ALLOCATOR,
                DEFAULT_MEMORY,
                &mut session.memory,
            ))?;
        }
        session.check_ports(inputs, false)?;
        session.check_ports(outputs, true)?;
        Ok(session)
    }

    fn check_ports(&self, ports: &[Port], outputs: bool) -> Result<()> {
        let (api, mut count) = (self.api, 0);
        let (kind, count_of) = match outputs {
            true => ("output", api.get_output_count),
            false => ("input", api.get_input_count),
        };
        api.check(unsafe { count_of(self.session, &mut count) })?;
        for port in ports {
            let mut fits = false;
            for place in 0..count {
                fits = fits || self.is_port(port, outputs, place)?;
            }
            if !fits {
                return Err(port.other(kind));
            }
        }
        if !outputs && count != ports.len() {
            return Err(Error::new(
                "there are more inputs: this program was made for another model",
            ));
        }
        Ok(())
    }

    fn is_port(&self, port: &Port, outputs: bool, place: usize) -> Result<bool> {
        let api = self.api;
        let (name_of, type_of) = match outputs {
            true => (api.get_output_name, api.get_output_type),
            false => (api.get_input_name, api.get_input_type),
        };
        let (mut allocator, mut name, mut info) = (null_mut(), null_mut(), null());
        let mut value = TypeInfo {
            api,
            pointer: null_mut(),
        };
        // SAFETY: the name is released once, and `info` lies in `value`
        unsafe {
            api.check((api.get_default_allocator)(&mut allocator))?;
            api.check(name_of(self.session, place, allocator, &mut name))?;
            let named = CStr::from_ptr(name) == port.name;
            api.check((api.free)(allocator, name.cast()))?;
            if !named {
                return Ok(false);
            }
            api.check(type_of(self.session, place, &mut value.pointer))?;
            api.check((api.get_tensor_info)(value.pointer, &mut info))?;
            if info.is_null() {
                return Ok(false);
            }
            let (element, sizes) = api.describe(info)?;
            Ok(port.fits(element, &sizes))
        }
    }

    pub fn run<const I: usize, const O: usize>(
        &self,
        inputs: [(&CStr, Value); I],
        outputs: [&CStr; O],
    ) -> Result<[Value<'_>; O]> {
        let input_names = inputs.each_ref().map(|(name, _)| name.as_ptr());
        let input_values = inputs
            .each_ref()
            .map(|(_, value)| value.pointer.cast_const());
        let output_names = outputs.map(CStr::as_ptr);
        let mut output_values = [null_mut(); O];
        let status = unsafe {
            (self.api.run)(
                self.session,
                null(),
                input_names.as_ptr(),
                input_values.as_ptr(),
                I,
                output_names.as_ptr(),
                O,
                output_values.as_mut_ptr(),
            )
        };
        let values = output_values.map(|pointer| self.own(pointer));
        self.api.check(status).map(|_| values)
    }

    fn own(&self, pointer: *mut c_void) -> Value<'_> {
        Value {
            api: self.api,
            pointer,
            lent: PhantomData,
        }
    }
}

/// Lend a tensor to ONNX Runtime, for the input of that name; numbers are not copied.
pub(crate) fn lend<'a, T: Element, const N: usize>(
    session: &'a Session,
    name: &'a CStr,
    tensor: &'a Tensor<T, N>,
) -> Result<(&'a CStr, Value<'a>)> {
    let shape = tensor.shape.map(|size| size as i64);
    Ok((name, T::value(session, &shape, &tensor.values)?))
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: nothing uses them any more, and ONNX Runtime takes null
        unsafe {
            (self.api.release_memory_info)(self.memory);
            (self.api.release_session)(self.session);
            (self.api.release_env)(self.env);
        }
    }
}

struct SessionOptions {
    api: &'static Api,
    pointer: *mut c_void,
}

impl SessionOptions {
    /// Run on something beside the CPU, which takes what the other does not.
    unsafe fn run_on(&self, provider: &str) -> Result<()> {
        let api = self.api;
        if provider != "CUDA" {
            let name = CString::new(provider).map_err(|_| Error::new("no such provider"))?;
            let (name, keys) = (name.as_ptr(), null());
            return api.check((api.append_provider)(self.pointer, name, keys, keys, 0));
        }
        let mut cuda = null_mut();
        api.check((api.create_cuda)(&mut cuda))?;
        // TF32 is on unless one says so, and the answers then agree to 3 digits
        let (name, off) = (c"use_tf32".as_ptr(), c"0".as_ptr());
        let set = api.check((api.update_cuda)(cuda, &name, &off, 1));
        let added = set.and_then(|()| api.check((api.append_cuda)(self.pointer, cuda)));
        (api.release_cuda)(cuda);
        added
    }
}

impl Drop for SessionOptions {
    fn drop(&mut self) {
        unsafe { (self.api.release_session_options)(self.pointer) }
    }
}

/// A tensor of ONNX Runtime; it may lie over memory of ours, hence the lifetime.
pub(crate) struct Value<'a> {
    api: &'static Api,
    pointer: *mut c_void,
    lent: PhantomData<&'a ()>,
}

impl Value<'_> {
    /// Copy an output; fails where it is of another type or shape.
    pub fn tensor<T: Element, const N: usize>(&self, port: &Port) -> Result<Tensor<T, N>> {
        let (api, mut info) = (
            self.api,
            Info {
                api: self.api,
                pointer: null_mut(),
            },
        );
        let (element, sizes) = unsafe {
            api.check((api.get_type_and_shape)(self.pointer, &mut info.pointer))?;
            api.describe(info.pointer)?
        };
        let sizes = <[i64; N]>::try_from(sizes)
            .ok()
            .filter(|sizes| element == T::TYPE && port.fits(element, sizes));
        let shape = sizes
            .ok_or_else(|| port.other("output"))?
            .map(|size| size as usize);
        Tensor::new(shape, T::copy(self, shape.iter().product())?)
    }
}

impl Drop for Value<'_> {
    fn drop(&mut self) {
        unsafe { (self.api.release_value)(self.pointer) }
    }
}

struct TypeInfo {
    api: &'static Api,
    pointer: *mut c_void,
}

impl Drop for TypeInfo {
    fn drop(&mut self) {
        unsafe { (self.api.release_type)(self.pointer) }
    }
}

struct Info {
    api: &'static Api,
    pointer: *mut c_void,
}

impl Drop for Info {
    fn drop(&mut self) {
        unsafe { (self.api.release_type_and_shape)(self.pointer) }
    }
}

/// `OrtStatus *`; null where all is well.
type Status = *mut c_void;
type Release = unsafe extern "system" fn(*mut c_void);
type CountOf = unsafe extern "system" fn(*const c_void, *mut usize) -> Status;
type TypeOf = unsafe extern "system" fn(*const c_void, usize, *mut *mut c_void) -> Status;
type NameOf =
    unsafe extern "system" fn(*const c_void, usize, *mut c_void, *mut *mut c_char) -> Status;

#[repr(C)]
struct ApiBase {
    get_api: unsafe extern "system" fn(u32) -> *const Api,
    get_version_string: *const c_void,
}

/// `struct OrtApi` of onnxruntime_c_api.h, which only ever grows at its end; what is not needed is left out as `_n`.
#[repr(C)]
struct Api {
    _0: [usize; 2],
    get_error_message: unsafe extern "system" fn(Status) -> *const c_char,
    create_env: unsafe extern "system" fn(c_int, *const c_char, *mut *mut c_void) -> Status,
    _4: [usize; 4],
    create_session: unsafe extern "system" fn(
        *const c_void,
        *const c_void,
        usize,
        *const c_void,
        *mut *mut c_void,
    ) -> Status,
    run: unsafe extern "system" fn(
        *mut c_void,
        *const c_void,
        *const *const c_char,
        *const *const c_void,
        usize,
        *const *const c_char,
        usize,
        *mut *mut c_void,
    ) -> Status,
    create_session_options: unsafe extern "system" fn(*mut *mut c_void) -> Status,
    _11: [usize; 12],
    set_optimisation: unsafe extern "system" fn(*mut c_void, c_int) -> Status,
    set_intra_op_threads: unsafe extern "system" fn(*mut c_void, c_int) -> Status,
    _25: [usize; 5],
    get_input_count: CountOf,
    get_output_count: CountOf,
    _32: usize,
    get_input_type: TypeOf,
    get_output_type: TypeOf,
    _35: usize,
    get_input_name: NameOf,
    get_output_name: NameOf,
    _38: [usize; 10],
    create_tensor: unsafe extern "system" fn(
        *mut c_void,
        *const i64,
        usize,
        c_int,
        *mut *mut c_void,
    ) -> Status,
    create_tensor_with_data: unsafe extern "system" fn(
        *const c_void,
        *mut c_void,
        usize,
        *const i64,
        usize,
        c_int,
        *mut *mut c_void,
    ) -> Status,
    _50: usize,
    get_tensor_data: unsafe extern "system" fn(*mut c_void, *mut *mut c_void) -> Status,
    _52: usize,
    get_string_data_length: unsafe extern "system" fn(*const c_void, *mut usize) -> Status,
    get_string_content:
        unsafe extern "system" fn(*const c_void, *mut c_void, usize, *mut usize, usize) -> Status,
    get_tensor_info: unsafe extern "system" fn(*const c_void, *mut *const c_void) -> Status,
    _56: [usize; 4],
    get_element_type: unsafe extern "system" fn(*const c_void, *mut c_int) -> Status,
    get_rank: unsafe extern "system" fn(*const c_void, *mut usize) -> Status,
    get_shape: unsafe extern "system" fn(*const c_void, *mut i64, usize) -> Status,
    _63: [usize; 2],
    get_type_and_shape: unsafe extern "system" fn(*const c_void, *mut *mut c_void) -> Status,
    _66: [usize; 3],
    create_cpu_memory_info: unsafe extern "system" fn(c_int, c_int, *mut *mut c_void) -> Status,
    _70: [usize; 6],
    free: unsafe extern "system" fn(*mut c_void, *mut c_void) -> Status,
    _77: usize,
    get_default_allocator: unsafe extern "system" fn(*mut *mut c_void) -> Status,
    _79: [usize; 13],
    release_env: Release,
    release_status: Release,
    release_memory_info: Release,
    release_session: Release,
    release_value: Release,
    _97: usize,
    release_type: Release,
    release_type_and_shape: Release,
    release_session_options: Release,
    _101: [usize; 103],
    append_cuda: unsafe extern "system" fn(*mut c_void, *const c_void) -> Status,
    create_cuda: unsafe extern "system" fn(*mut *mut c_void) -> Status,
    update_cuda: unsafe extern "system" fn(
        *mut c_void,
        *const *const c_char,
        *const *const c_char,
        usize,
    ) -> Status,
    _207: usize,
    release_cuda: Release,
    _209: [usize; 7],
    append_provider: unsafe extern "system" fn(
        *mut c_void,
        *const c_char,
        *const *const c_char,
        *const *const c_char,
        usize,
    ) -> Status,
    _217: [usize; 35],
    get_string_room:
        unsafe extern "system" fn(*mut c_void, usize, usize, *mut *mut c_char) -> Status,
}

impl Api {
    /// The type and the sizes of a tensor, -1 where one is not known.
    unsafe fn describe(&self, info: *const c_void) -> Result<(i32, Vec<i64>)> {
        let (mut element, mut rank) = (0, 0);
        self.check((self.get_element_type)(info, &mut element))?;
        self.check((self.get_rank)(info, &mut rank))?;
        let mut sizes = vec![0; rank];
        self.check((self.get_shape)(info, sizes.as_mut_ptr(), rank))?;
        Ok((element, sizes))
    }

    fn check(&self, status: Status) -> Result<()> {
        if status.is_null() {
            return Ok(());
        }
        // SAFETY: the message belongs to the status, and is copied before that goes
        unsafe {
            let error =
                Error::new(CStr::from_ptr((self.get_error_message)(status)).to_string_lossy());
            (self.release_status)(status);
            Err(error)
        }
    }
}

extern "system" {
    fn OrtGetApiBase() -> *const ApiBase;
}
