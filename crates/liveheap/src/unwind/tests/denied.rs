//! System calls that fail as they would on another kernel.

/// A call, and which of its arguments (from 0 on) has which value when it is to fail, and the error.
pub(crate) type Denied = (libc::c_long, u32, u32, libc::c_int);

/// Fails these calls of this thread, and of its children, for ever. Makes no allocation. False where that
/// is not possible.
pub(crate) fn deny<const COUNT: usize>(denied: [Denied; COUNT]) -> bool {
    let mut steps = [[finish(libc::SECCOMP_RET_ALLOW); 5]; 4];
    for (steps, (call, argument, value, error)) in steps.iter_mut().zip(denied) {
        *steps = [
            // `struct seccomp_data`: the call's number is first, its arguments begin at byte 16.
            load(0),
            skip_unless(u32::try_from(call).unwrap(), 3),
            load(16 + 8 * argument),
            skip_unless(value, 1),
            finish(libc::SECCOMP_RET_ERRNO | error.cast_unsigned()),
        ];
    }
    let program =
        libc::sock_fprog { len: 5 * 4, filter: steps.as_mut_ptr().cast::<libc::sock_filter>() };
    // SAFETY: only takes rights from this thread.
    let bound = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    // SAFETY: the program is as long as it says; prctl(2) copies it.
    let set =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    (bound, set) == (0, 0)
}

fn load(offset: u32) -> libc::sock_filter {
    step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, offset)
}

/// Goes on with the next step if `value` was loaded, else behind so many more.
fn skip_unless(value: u32, steps: u8) -> libc::sock_filter {
    step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, steps, value)
}

fn finish(action: u32) -> libc::sock_filter {
    step(libc::BPF_RET | libc::BPF_K, 0, action)
}

fn step(code: u32, if_false: u8, value: u32) -> libc::sock_filter {
    libc::sock_filter { code: u16::try_from(code).unwrap(), jt: 0, jf: if_false, k: value }
}
