# SPDX-License-Identifier: Apache-2.0
# Which libunitensor is loaded, and loading it.

const LIBRARY_VARIABLE = "UNITENSOR_LIBRARY"
const SONAME = "libunitensor.so.$(LibUnitensor.UNI_ABI_MAJOR)"

"""
The text that `key` has in the table `table` of a TOML file, or `nothing`. Reads what a preference needs: tables, and
strings on one line.
"""
function toml_string(file, table, key)
    current = ""
    for line in eachline(file)
        header = match(r"^\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$", line)
        if header !== nothing
            current = replace(header.captures[1], r"[\s\"']" => "")
            continue
        end
        current == table || continue
        entry = match(r"^\s*\"?([\w-]+)\"?\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)')\s*(#.*)?$", line)
        if entry !== nothing && entry.captures[1] == key
            basic = entry.captures[2]
            return basic === nothing ? String(entry.captures[3]) : unescape_string(basic)
        end
    end
    return nothing
end

"""
The preference `library` of this package and the file that has it, or `nothing`. As Preferences.jl stores it: in
`LocalPreferences.toml` beside a project of the load path, or in the `[preferences.UniTensor]` table of the project.
"""
function library_preference(environments = Base.load_path())
    for environment in environments
        folder = isdir(environment) ? environment : dirname(environment)
        places = (("LocalPreferences.toml", "UniTensor"), ("JuliaLocalPreferences.toml", "UniTensor"),
                  ("Project.toml", "preferences.UniTensor"), ("JuliaProject.toml", "preferences.UniTensor"))
        for (name, table) in places
            file = joinpath(folder, name)
            isfile(file) || continue
            path = toml_string(file, table, "library")
            path === nothing || return path, file
        end
    end
    return nothing
end

"""
What to load, and why: the environment variable `UNITENSOR_LIBRARY`, else the preference `library`, else the soname, which
the dynamic loader looks for where it looks for every library. A path has to be absolute.
"""
function library_choice()
    path = get(ENV, LIBRARY_VARIABLE, "")
    reason = "the environment variable $LIBRARY_VARIABLE"
    if isempty(path)
        preference = library_preference()
        preference === nothing && return SONAME, "neither $LIBRARY_VARIABLE nor a preference is set"
        path, file = preference
        reason = "the preference in $file"
    end
    isabspath(path) || error("UniTensor: $reason is $(repr(path)), expected an absolute path of libunitensor")
    return path, reason
end

# Without RTLD_DEEPBIND, which is Julia's own choice: with it the library, and a plugin that it opens, may find another
# unwinder than the C++ runtime that they share with Julia; one throws and the other resumes, which ends the process.
const OPEN_FLAGS = Libdl.RTLD_NOW | Libdl.RTLD_LOCAL

"Load the library, and look up its functions. Throws an `ErrorException` that says what was tried."
function open_library()
    path, reason = library_choice()
    handle = try
        Libdl.dlopen(path, OPEN_FLAGS)
    catch exception
        error("UniTensor: cannot load $path ($reason): $(sprint(showerror, exception)). Install libunitensor, or set " *
              "$LIBRARY_VARIABLE or the preference `library` to the absolute path of $SONAME")
    end
    addresses = map(name -> Libdl.dlsym_e(handle, name), LibUnitensor.FUNCTIONS)
    version = addresses[findfirst(==(:uni_abi_version), LibUnitensor.FUNCTIONS)]
    version == C_NULL && error("UniTensor: $path ($reason) is not libunitensor: it has no uni_abi_version")
    require_abi(ccall(version, UInt32, ()), "$path ($reason)")
    missing_names = [name for (name, address) in zip(LibUnitensor.FUNCTIONS, addresses) if address == C_NULL]
    isempty(missing_names) ||
        error("UniTensor: $path ($reason) is older than this package: it lacks $(join(missing_names, ", "))")
    copyto!(LibUnitensor.ADDRESSES, addresses)
    return nothing
end

"Refuse a library of another major ABI version."
function require_abi(version, library)
    major = version >> 16
    expected = LibUnitensor.UNI_ABI_MAJOR
    major == expected || error("UniTensor: $library has ABI version $major, expected $expected")
    return nothing
end

"Version of the loaded library."
version() = VersionNumber(unsafe_string(LibUnitensor.uni_version()))
