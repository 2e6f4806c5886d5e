//! Numbers of PTP (ISO 15740) and of Nikon's extension, as libgphoto2's `ptp.h` names them.

/// What the camera answers.
pub(crate) mod response {
    pub(crate) const OK: u16 = 0x2001;
    pub(crate) const OPERATION_NOT_SUPPORTED: u16 = 0x2005;
    pub(crate) const INVALID_HANDLE: u16 = 0x2009;
    pub(crate) const PROPERTY_NOT_SUPPORTED: u16 = 0x200a;
    pub(crate) const STORE_FULL: u16 = 0x200c;
    pub(crate) const ACCESS_DENIED: u16 = 0x200f;
    pub(crate) const NO_THUMBNAIL: u16 = 0x2010;
    pub(crate) const BUSY: u16 = 0x2019;
    pub(crate) const INVALID_FORMAT: u16 = 0x201b;
    pub(crate) const INVALID_VALUE: u16 = 0x201c;
    pub(crate) const OUT_OF_FOCUS: u16 = 0xa002;
    pub(crate) const INVALID_STATUS: u16 = 0xa004;
    pub(crate) const NOT_LIVE_VIEW: u16 = 0xa00b;
    pub(crate) const FOCUS_STEP_END: u16 = 0xa00c;
}

/// What the client asks.
pub(crate) mod operation {
    pub(crate) const GET_DEVICE_INFO: u16 = 0x1001;
    pub(crate) const OPEN_SESSION: u16 = 0x1002;
    pub(crate) const CLOSE_SESSION: u16 = 0x1003;
    pub(crate) const GET_STORAGE_IDS: u16 = 0x1004;
    pub(crate) const GET_STORAGE_INFO: u16 = 0x1005;
    pub(crate) const GET_NUM_OBJECTS: u16 = 0x1006;
    pub(crate) const GET_OBJECT_HANDLES: u16 = 0x1007;
    pub(crate) const GET_OBJECT_INFO: u16 = 0x1008;
    pub(crate) const GET_OBJECT: u16 = 0x1009;
    pub(crate) const GET_THUMB: u16 = 0x100a;
    pub(crate) const DELETE_OBJECT: u16 = 0x100b;
    pub(crate) const INITIATE_CAPTURE: u16 = 0x100e;
    pub(crate) const GET_PROPERTY_DESC: u16 = 0x1014;
    pub(crate) const GET_PROPERTY: u16 = 0x1015;
    pub(crate) const SET_PROPERTY: u16 = 0x1016;
    pub(crate) const GET_PARTIAL_OBJECT: u16 = 0x101b;
    /// Nikon: capture to the camera's memory.
    pub(crate) const CAPTURE_TO_MEMORY: u16 = 0x90c0;
    /// Nikon: autofocus.
    pub(crate) const AF_DRIVE: u16 = 0x90c1;
    /// Nikon: who controls the settings.
    pub(crate) const CHANGE_MODE: u16 = 0x90c2;
    /// Nikon: what happened.
    pub(crate) const GET_EVENT: u16 = 0x90c7;
    /// Nikon: whether the camera is done.
    pub(crate) const DEVICE_READY: u16 = 0x90c8;
    pub(crate) const START_LIVE_VIEW: u16 = 0x9201;
    pub(crate) const END_LIVE_VIEW: u16 = 0x9202;
    pub(crate) const GET_LIVE_VIEW: u16 = 0x9203;
    /// Nikon: manual focus by motor steps.
    pub(crate) const MF_DRIVE: u16 = 0x9204;
    /// Nikon: capture to card or memory.
    pub(crate) const CAPTURE_TO_MEDIA: u16 = 0x9207;

    /// All that the body offers, as its device information lists them.
    pub(crate) const ALL: [u16; 26] = [
        GET_DEVICE_INFO,
        OPEN_SESSION,
        CLOSE_SESSION,
        GET_STORAGE_IDS,
        GET_STORAGE_INFO,
        GET_NUM_OBJECTS,
        GET_OBJECT_HANDLES,
        GET_OBJECT_INFO,
        GET_OBJECT,
        GET_THUMB,
        DELETE_OBJECT,
        INITIATE_CAPTURE,
        GET_PROPERTY_DESC,
        GET_PROPERTY,
        SET_PROPERTY,
        GET_PARTIAL_OBJECT,
        CAPTURE_TO_MEMORY,
        AF_DRIVE,
        CHANGE_MODE,
        GET_EVENT,
        DEVICE_READY,
        START_LIVE_VIEW,
        END_LIVE_VIEW,
        GET_LIVE_VIEW,
        MF_DRIVE,
        CAPTURE_TO_MEDIA,
    ];
}

/// What the camera tells.
pub(crate) mod event {
    pub(crate) const OBJECT_ADDED: u16 = 0x4002;
    pub(crate) const OBJECT_REMOVED: u16 = 0x4003;
    pub(crate) const PROPERTY_CHANGED: u16 = 0x4006;
    pub(crate) const CAPTURE_COMPLETE: u16 = 0x400d;
    /// Nikon: a picture is in the camera's memory.
    pub(crate) const OBJECT_IN_MEMORY: u16 = 0xc101;
    /// Nikon: a capture to memory is done.
    pub(crate) const MEMORY_CAPTURE_COMPLETE: u16 = 0xc102;

    pub(crate) const ALL: [u16; 6] = [
        OBJECT_ADDED,
        OBJECT_REMOVED,
        PROPERTY_CHANGED,
        CAPTURE_COMPLETE,
        OBJECT_IN_MEMORY,
        MEMORY_CAPTURE_COMPLETE,
    ];
}

/// What can be set.
pub(crate) mod property {
    pub(crate) const BATTERY: u16 = 0x5001;
    pub(crate) const IMAGE_SIZE: u16 = 0x5003;
    pub(crate) const COMPRESSION: u16 = 0x5004;
    pub(crate) const WHITE_BALANCE: u16 = 0x5005;
    pub(crate) const F_NUMBER: u16 = 0x5007;
    pub(crate) const FOCUS_MODE: u16 = 0x500a;
    pub(crate) const EXPOSURE_TIME: u16 = 0x500d;
    pub(crate) const PROGRAM: u16 = 0x500e;
    pub(crate) const ISO: u16 = 0x500f;
    pub(crate) const BIAS: u16 = 0x5010;
    pub(crate) const DATE_TIME: u16 = 0x5011;
    /// Nikon: kelvin of the white balance "color temperature".
    pub(crate) const KELVIN: u16 = 0xd01e;
    /// Nikon: 0 card, 1 memory.
    pub(crate) const RECORDING_MEDIA: u16 = 0xd10b;
    pub(crate) const LIVE_VIEW_STATUS: u16 = 0xd1a2;
    /// Nikon: bits that say why live view cannot start.
    pub(crate) const LIVE_VIEW_PROHIBIT: u16 = 0xd1a4;
}

/// What a file is.
pub(crate) mod format {
    pub(crate) const UNDEFINED: u16 = 0x3000;
    pub(crate) const FOLDER: u16 = 0x3001;
    pub(crate) const JPEG: u16 = 0x3801;
}
