//! Writes a file whole or not at all.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Error;

/// Finds out before a long run whether a file could be written at its end.
///
/// # Errors
/// When the folder does not exist or does not let us make files, or when `path` is a folder or a device.
pub fn check_writable(path: &Path) -> Result<(), Error> {
    let place = Place::of(path)?;
    place.temporary().map(drop).map_err(|source| Error::of(path, &place.folder, source))
}

/// Writes beside `path`, then puts the finished file into its place in one step.
///
/// The new file has the permissions of any new file of this process. On failure nothing is left
/// behind, and what stood at `path` still does.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut NamedTempFile) -> io::Result<()>) -> Result<(), Error> {
    let place = Place::of(path)?;
    place.replace(write).map_err(|source| Error::of(path, &place.folder, source))
}

/// Refuses what is there already and is no file: writing to a pipe would wait for a reader.
pub(super) fn refuse_others(path: &Path) -> Result<(), Error> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(Error::IsFolder { path: path.to_owned() }),
        Ok(found) if !found.is_file() => Err(Error::NoFile { path: path.to_owned() }),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Sorts what the system says of a file that is written in place.
pub(super) fn error(path: &Path, source: io::Error) -> Error {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Error::of(path, folder, source)
}

/// Where a file is to stand; a symbolic link has been followed.
struct Place {
    target: PathBuf,
    folder: PathBuf,
}

impl Place {
    fn of(path: &Path) -> Result<Place, Error> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        refuse_others(path)?;
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        if !folder.is_dir() {
            return Err(Error::MissingFolder { folder });
        }
        Ok(Place { target, folder })
    }

    fn replace(&self, write: impl FnOnce(&mut NamedTempFile) -> io::Result<()>) -> io::Result<()> {
        let mut file = self.temporary()?;
        write(&mut file)?;
        file.as_file().sync_all()?;
        file.persist(&self.target).map_err(|failure| failure.error)?;
        self.sync_folder();
        Ok(())
    }

    /// Hidden, with the ending of the target, removed when dropped.
    fn temporary(&self) -> io::Result<NamedTempFile> {
        let ending = self.target.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
        let mut builder = tempfile::Builder::new();
        builder.prefix(".dvdt-").suffix(&ending);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // less the umask
        builder.tempfile_in(&self.folder)
    }

    /// The file's bytes are safe already; some file systems have no way to make its name so too.
    fn sync_folder(&self) {
        if let Ok(folder) = File::open(&self.folder) {
            let _unsupported = folder.sync_all();
        }
    }
}
