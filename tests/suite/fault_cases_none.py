"""Codes that no fault of this version causes, each with the reason. Whoever builds the feature moves the code to a case."""

S3 = "S3 destinations: not in this version"
ADLS = "ADLS destinations: not in this version"
DELTA = "Delta destinations: not in this version"
WATERMARK = "incremental loads and their watermarks: not in this version, every run is a full load"

WITHOUT = {
    **{code: S3 for code in (
        "S3_ACCESS_DENIED", "S3_KEY_UNKNOWN", "S3_SIGNATURE", "S3_TOKEN_EXPIRED", "S3_CLOCK_SKEW", "S3_REGION", "S3_NO_BUCKET",
        "S3_KMS", "S3_SLOWDOWN", "S3_BAD_DIGEST", "S3_COMPLETE_FAILED", "S3_UPLOAD_GONE", "S3_NO_CONDITIONAL",
        "S3_CHECKSUM_UNSUPPORTED", "S3_OBJECT_LOCK")},
    "S3_CORS": "never a cause: CORS binds browsers only; the code is there to be explained",
    **{code: ADLS for code in (
        "ADLS_AUTH_FAILED", "ADLS_ROLE_MISSING", "ADLS_FIREWALL", "ADLS_SAS_EXPIRED", "ADLS_SAS_SCOPE", "ADLS_KEY_DISABLED",
        "ADLS_NOT_FOUND", "ADLS_POSITION", "ADLS_LEASE", "ADLS_BUSY", "ADLS_IMMUTABLE")},
    **{code: DELTA for code in (
        "DELTA_CONFLICT", "DELTA_COMMIT_UNKNOWN", "DELTA_FEATURE", "DELTA_SCHEMA", "DELTA_LOG_GAP")},
    **{code: WATERMARK for code in ("WM_COLUMN_MISSING", "WM_TYPE_BAD", "WM_NULLS", "WM_REGRESSED", "WM_FUTURE")},
    "KEY_NOT_UNIQUE": "merges and their keys: not in this version, every run is a full load",
    "SCHEMA_COL_ADDED": "a full load takes the columns as they are; rules for new ones come with incremental loads",
    "SCHEMA_TYPE_WIDENED": "a full load takes the types as they are; rules for wider ones come with incremental loads",
    "SCHEMA_COL_RENAMED": "a full load takes the names as they are; mapping renamed ones comes with incremental loads",
    "HOST_UNCLASSIFIED": "comes only inside another error, which says what it was for: a helper that does not end is HOST_SECRET_UNREADABLE",
    "INTERNAL": "says that the program itself is wrong: a fault that causes it is mended, not kept",
    "DST_UNCLASSIFIED": "for object stores' unknown answers: not in this version; a local file system has error numbers",
}
