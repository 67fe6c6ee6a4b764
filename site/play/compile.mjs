// Compiles a folder of Python for Pyodide's CPython, and takes the sources away: what starts in a browser starts sooner.
import { loadPyodide } from "pyodide";

const pyodide = await loadPyodide();
pyodide.FS.mkdirTree("/library");
pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: process.argv[2] }, "/library");
pyodide.runPython(`
import compileall, pathlib, py_compile
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
assert compileall.compile_dir("/library", quiet=1, legacy=True, invalidation_mode=mode, stripdir="/library")
for source in pathlib.Path("/library").rglob("*.py"):
    source.unlink()
`);
