//! The log's file, as SQLite calls it.
#![expect(unsafe_code, reason = "SQLite calls a VFS by pointers; each block says why it is sound")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;

use rusqlite::ffi;

use crate::gather::Gathered;

const NAME: &CStr = c"gathering";
/// The parameter of a database's name that says whether a write leaves alone what lies beside it
/// (<https://www.sqlite.org/psow.html>).
const PSOW: &CStr = c"psow";

/// A log's file. SQLite allocates it, with the file of the system's VFS behind it.
#[repr(C)]
struct LogFile {
    /// What SQLite knows of it: its methods.
    head: ffi::sqlite3_file,
    gathered: Gathered,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // Shared memory and mapped pages, which later versions have, belong to the database's file.
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

/// The name to open a connection with; makes it known to SQLite when it is first asked for.
///
/// Where other connections write too, it must not write before it commits (`pragma cache_spill = off`): what is kept of a
/// transaction that is undone would be written out later, over what they wrote in its place.
///
/// # Errors
/// SQLite's code where it does not take the VFS.
pub fn vfs() -> Result<&'static CStr, rusqlite::Error> {
    static REGISTERED: OnceLock<c_int> = OnceLock::new();
    match *REGISTERED.get_or_init(register) {
        ffi::SQLITE_OK => Ok(NAME),
        code => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some("the log's VFS".to_owned()))),
    }
}

fn register() -> c_int {
    // SAFETY: initialises SQLite where that is not done, and answers a VFS that stays for as long as the process, or null.
    let system = unsafe { ffi::sqlite3_vfs_find(ptr::null()) };
    if system.is_null() {
        return ffi::SQLITE_ERROR;
    }
    // SAFETY: a valid VFS, as above; registering another writes to its list alone, which is not read.
    let of_system = unsafe { system.read() };
    let Some(size) = c_int::try_from(size_of::<LogFile>()).ok().and_then(|own| of_system.szOsFile.checked_add(own))
    else {
        return ffi::SQLITE_ERROR;
    };
    // What else a VFS does is done by the system's functions. They do not look at the VFS they are called with, but for
    // opening a file, which is passed on with their own.
    let own = ffi::sqlite3_vfs {
        szOsFile: size,
        pNext: ptr::null_mut(),
        zName: NAME.as_ptr(),
        pAppData: system.cast(),
        xOpen: Some(open),
        ..of_system
    };
    // SAFETY: it is never freed, and is complete: the system's own, but for the fields above.
    unsafe { ffi::sqlite3_vfs_register(Box::into_raw(Box::new(own)), 0) }
}

/// Opens a log with the methods above, and any other file as the system does.
///
/// # Safety
/// Only SQLite calls it, with the VFS of [`register`] and room for its files.
unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls it with the VFS of `register`, which holds the system's.
    let system: *mut ffi::sqlite3_vfs = unsafe { (*vfs).pAppData.cast() };
    // SAFETY: valid for as long as the process.
    let Some(open) = (unsafe { (*system).xOpen }) else {
        return ffi::SQLITE_CANTOPEN;
    };
    // Where the disk may spoil what lies beside a write, SQLite pads commits and writes behind their end (`psow=0`).
    // SAFETY: SQLite's own name, which it made with the parameters of the database's.
    let is_gathered =
        flags & ffi::SQLITE_OPEN_WAL != 0 && unsafe { ffi::sqlite3_uri_boolean(name, PSOW.as_ptr(), 1) } != 0;
    if !is_gathered {
        // SAFETY: SQLite's own arguments; the file has more room than the system asks for.
        return unsafe { open(system, name, file, flags, flags_out) };
    }
    let log: *mut LogFile = file.cast();
    // SAFETY: SQLite allocated `szOsFile` bytes, aligned for any file: room for a `LogFile` and the system's behind it.
    let code = unsafe { open(system, name, behind(log), flags, flags_out) };
    let methods = if code == ffi::SQLITE_OK { ptr::from_ref(&METHODS) } else { ptr::null() };
    let opened = LogFile { head: ffi::sqlite3_file { pMethods: methods }, gathered: Gathered::default() };
    // SAFETY: as above. Without methods SQLite does not close it, and there is nothing in it to be dropped.
    unsafe { log.write(opened) };
    code
}

/// The system's file behind a log's.
///
/// # Safety
/// `log` is where [`open`] was told to open one.
unsafe fn behind(log: *mut LogFile) -> *mut ffi::sqlite3_file {
    // SAFETY: one allocation, by the caller's word.
    unsafe { log.add(1).cast() }
}

/// A log's file, and the system's behind it with its methods.
///
/// # Safety
/// `file` is one that [`open`] opened with [`METHODS`], and SQLite uses it from one thread at a time.
unsafe fn parts<'a>(
    file: *mut ffi::sqlite3_file,
) -> (&'a mut Gathered, *mut ffi::sqlite3_file, &'a ffi::sqlite3_io_methods) {
    let log: *mut LogFile = file.cast();
    // SAFETY: by the caller's word both files are open, and an open file has methods.
    unsafe {
        let system = behind(log);
        (&mut (*log).gathered, system, &*(*system).pMethods)
    }
}

/// Calls a method of the system's file.
macro_rules! call {
    ($methods:ident.$method:ident($($argument:expr),*)) => {
        match $methods.$method {
            // SAFETY: an open file's own method, with the arguments that SQLite gave.
            Some(method) => unsafe { method($($argument),*) },
            None => ffi::SQLITE_IOERR,
        }
    };
}

/// A method that only passes on.
macro_rules! passed_on {
    ($name:ident as $method:ident($($argument:ident: $kind:ty),*)) => {
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $argument: $kind)*) -> c_int {
            // SAFETY: SQLite calls the methods of a file that is open.
            let (_, system, methods) = unsafe { parts(file) };
            call!(methods.$method(system $(, $argument)*))
        }
    };
}

/// A method that needs the file as it would be without gathering.
macro_rules! passed_on_flushed {
    ($name:ident as $method:ident($($argument:ident: $kind:ty),*)) => {
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $argument: $kind)*) -> c_int {
            // SAFETY: SQLite calls the methods of a file that is open.
            let (gathered, system, methods) = unsafe { parts(file) };
            match gathered.flush(|bytes, at| write_out(system, methods, bytes, at)) {
                Ok(()) => call!(methods.$method(system $(, $argument)*)),
                Err(code) => code,
            }
        }
    };
}

passed_on!(lock as xLock(level: c_int));
passed_on!(unlock as xUnlock(level: c_int));
passed_on!(check_reserved_lock as xCheckReservedLock(is_held: *mut c_int));
passed_on!(sector_size as xSectorSize());
passed_on!(device_characteristics as xDeviceCharacteristics());
passed_on_flushed!(file_control as xFileControl(operation: c_int, argument: *mut c_void));
passed_on_flushed!(read as xRead(into: *mut c_void, length: c_int, at: i64));
passed_on_flushed!(truncate as xTruncate(size: i64));
passed_on_flushed!(sync as xSync(flags: c_int));
passed_on_flushed!(file_size as xFileSize(size: *mut i64));

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, length: c_int, at: i64) -> c_int {
    // SAFETY: SQLite calls the methods of a file that is open.
    let (gathered, system, methods) = unsafe { parts(file) };
    let (Ok(length), Ok(at)) = (usize::try_from(length), usize::try_from(at)) else {
        return ffi::SQLITE_IOERR_WRITE;
    };
    // SAFETY: SQLite's buffer, of that length, which it leaves alone during the call.
    let bytes = unsafe { std::slice::from_raw_parts(from.cast(), length) };
    let written = gathered.write(bytes, at, |bytes, at| write_out(system, methods, bytes, at));
    written.err().unwrap_or(ffi::SQLITE_OK)
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite calls the methods of a file that is open.
    let (gathered, system, methods) = unsafe { parts(file) };
    let flushed = gathered.flush(|bytes, at| write_out(system, methods, bytes, at));
    let closed = call!(methods.xClose(system));
    // SAFETY: nobody uses a file after it is closed.
    unsafe { ptr::drop_in_place(file.cast::<LogFile>()) };
    flushed.err().unwrap_or(closed)
}

/// Writes to the system's file.
fn write_out(
    system: *mut ffi::sqlite3_file,
    methods: &ffi::sqlite3_io_methods,
    bytes: &[u8],
    at: usize,
) -> Result<(), c_int> {
    let (Ok(length), Ok(at)) = (c_int::try_from(bytes.len()), i64::try_from(at)) else {
        return Err(ffi::SQLITE_IOERR_WRITE);
    };
    match call!(methods.xWrite(system, bytes.as_ptr().cast(), length, at)) {
        ffi::SQLITE_OK => Ok(()),
        code => Err(code),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::{Connection, OpenFlags};

    use super::*;

    fn connect(path: &Path, gathers: bool) -> Connection {
        let connection = if gathers {
            Connection::open_with_flags_and_vfs(path, OpenFlags::default(), vfs().unwrap()).unwrap()
        } else {
            Connection::open(path).unwrap()
        };
        let settings = "pragma journal_mode = wal; pragma synchronous = full; pragma cache_spill = off;
            create table if not exists pages (id integer primary key, filling text) strict;";
        connection.execute_batch(settings).unwrap();
        connection
    }

    fn fill(connection: &Connection, pages: usize) {
        let sql = "with recursive page (n) as (select 1 union all select n + 1 from page where n < ?1)
            insert into pages (filling) select printf('%.3000c', 'x') from page";
        assert_eq!(connection.execute(sql, [i64::try_from(pages).unwrap()]).unwrap(), pages);
    }

    fn filled(connection: &Connection) -> usize {
        let sound: String = connection.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
        let count: i64 = connection.query_row("select count(*) from pages", [], |row| row.get(0)).unwrap();
        usize::try_from(count).unwrap()
    }

    /// Calls of this thread that wrote something, so far (`man 5 proc_pid_io`).
    #[cfg(target_os = "linux")]
    fn writes_so_far() -> usize {
        let counts = std::fs::read_to_string("/proc/thread-self/io").unwrap();
        counts.lines().find_map(|line| line.strip_prefix("syscw: ")).unwrap().parse().unwrap()
    }

    /// What a copy of the files holds, as somebody finds them after a crash.
    fn filled_in_copy(folder: &Path) -> usize {
        let copy = folder.join("copy.db");
        let _ = std::fs::remove_file(folder.join("copy.db-shm"));
        for end in ["", "-wal"] {
            std::fs::copy(folder.join(format!("shop.db{end}")), folder.join(format!("copy.db{end}"))).unwrap();
        }
        filled(&Connection::open(&copy).unwrap())
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_commit_is_one_write() {
        let folder = tempfile::tempdir().unwrap();
        let [plain, gathered] = [false, true].map(|gathers| {
            let connection = connect(&folder.path().join(format!("{gathers}.db")), gathers);
            fill(&connection, 20);
            let before = writes_so_far();
            fill(&connection, 20);
            writes_so_far() - before
        });
        assert!(plain >= 40, "{plain} writes of at least 20 pages");
        assert_eq!(gathered, 1);
    }

    #[test]
    fn what_is_committed_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        let (gathers, plain) = (connect(&path, true), connect(&path, false));
        let mut expected = 0;
        // Whatever is asked of the disk, other connections and whoever finds the files later see what was committed.
        for (round, synchronous) in ["full", "normal", "off"].into_iter().cycle().take(12).enumerate() {
            gathers.pragma_update(None, "synchronous", synchronous).unwrap();
            fill(&gathers, 1 + round * 7);
            expected += 1 + round * 7;
            assert_eq!(filled_in_copy(folder.path()), expected, "round {round}");
            assert_eq!((filled(&plain), filled(&gathers)), (expected, expected));
            // What is undone leaves nothing for later, and the others may write and begin the log anew.
            gathers.execute_batch("begin immediate").unwrap();
            fill(&gathers, 30);
            gathers.execute_batch("rollback").unwrap();
            fill(&plain, 5);
            expected += 5;
            let mode = ["passive", "truncate"][round % 2];
            plain.execute_batch(&format!("pragma wal_checkpoint({mode})")).unwrap();
            assert_eq!((filled(&plain), filled(&gathers)), (expected, expected));
        }
    }

    #[test]
    fn pages_written_before_their_commit_are_read_and_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        let (gathers, plain) = (connect(&path, true), connect(&path, false));
        gathers.execute_batch("pragma cache_spill = on; pragma cache_size = 10").unwrap();
        let mut expected = 0;
        for synchronous in ["full", "normal", "off"].into_iter().cycle().take(6) {
            gathers.pragma_update(None, "synchronous", synchronous).unwrap();
            gathers.execute_batch("begin immediate").unwrap();
            fill(&gathers, 300);
            let change = "update pages set filling = replace(filling, 'x', 'y')";
            let twice = format!("savepoint part; {change}; rollback to part; {change}; commit");
            gathers.execute_batch(&twice).unwrap();
            expected += 300;
            assert_eq!(filled_in_copy(folder.path()), expected, "{synchronous}");
            assert_eq!((filled(&plain), filled(&gathers)), (expected, expected));
            gathers.execute_batch("begin immediate").unwrap();
            fill(&gathers, 300);
            gathers.execute_batch("rollback").unwrap();
            fill(&gathers, 3);
            expected += 3;
            assert_eq!(filled_in_copy(folder.path()), expected, "{synchronous}");
        }
    }

    #[test]
    fn where_commits_are_padded_nothing_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = format!("file:{}?psow=0", folder.path().join("shop.db").display());
        let (gathers, plain) = (connect(Path::new(&path), true), connect(Path::new(&path), false));
        for times in 1..20 {
            fill(&gathers, 2);
            assert_eq!(filled(&plain), 2 * times);
        }
    }

    #[test]
    fn a_commit_larger_than_what_is_kept_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        let gathers = connect(&path, true);
        fill(&gathers, 2_000);
        assert_eq!(filled(&connect(&path, false)), 2_000);
    }

    #[test]
    fn other_files_are_the_systems() {
        let gathers = Connection::open_with_flags_and_vfs("", OpenFlags::default(), vfs().unwrap()).unwrap();
        let settings = "pragma cache_size = 5; create table pages (id integer primary key, filling text) strict;";
        gathers.execute_batch(settings).unwrap();
        fill(&gathers, 100);
        assert_eq!(filled(&gathers), 100);
        let missing = Connection::open_with_flags_and_vfs("/nowhere/shop.db", OpenFlags::default(), vfs().unwrap());
        assert!(missing.unwrap_err().to_string().contains("unable to open database file"));
    }
}
