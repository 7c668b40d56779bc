"""What a proof of the history can find, in both languages."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "edited": (
        "Hồ sơ {inst}, sự kiện {n} ({what}): nội dung đã bị sửa so với lúc ghi.",
        "Instance {inst}, event {n} ({what}): its content is not what was written.",
    ),
    "chain": (
        "Hồ sơ {inst}, sự kiện {n}: không nối tiếp sự kiện trước nó; một trong hai đã bị thay.",
        "Instance {inst}, event {n}: it does not follow the event before it; one of the two was replaced.",
    ),
    "missing": (
        "Hồ sơ {inst}: thiếu sự kiện {first} đến {last}, trước sự kiện {n}.",
        "Instance {inst}: events {first} to {last} are missing before event {n}.",
    ),
    "order": (
        "Hồ sơ {inst}, sự kiện {n}: đứng sai thứ tự.",
        "Instance {inst}, event {n}: it stands in the wrong order.",
    ),
    "rewritten": (
        "Hồ sơ {inst}, sự kiện {n}: khác với sự kiện đã vào sổ chung ở số {leaf}.",
        "Instance {inst}, event {n}: it is not the event that entered the log as number {leaf}.",
    ),
    "deleted": (
        "Hồ sơ {inst}, sự kiện {n}: đã bị xóa; sổ chung có nó ở số {leaf}.",
        "Instance {inst}, event {n}: it was deleted; the log has it as number {leaf}.",
    ),
    "log_gap": (
        "Sổ chung: chờ số {expected} nhưng gặp số {found} (hồ sơ {inst}, sự kiện {n}): có sự kiện bị xóa "
        "hoặc đổi chỗ.",
        "The log: expected number {expected}, found {found} (instance {inst}, event {n}): events were "
        "deleted or moved.",
    ),
    "checkpoint_root": (
        "Sổ chung từ số {first} đến {last}: khác với điểm kiểm {size} sự kiện đã ký.",
        "The log from number {first} to {last}: it is not what the checkpoint of size {size} signed.",
    ),
    "anchor_root": (
        "Sổ chung từ số {first} đến {last}: khác với điểm kiểm {size} sự kiện được giữ ở nơi khác.",
        "The log from number {first} to {last}: it is not what the kept checkpoint of size {size} signed.",
    ),
    "checkpoint_beyond": (
        "Điểm kiểm đã ký {size} sự kiện nhưng sổ chung chỉ còn {found}: phần cuối đã bị cắt.",
        "A checkpoint signed {size} events, but the log has only {found}: its end was cut off.",
    ),
    "anchor_beyond": (
        "Điểm kiểm giữ ở nơi khác có {size} sự kiện nhưng sổ chung chỉ còn {found}: phần cuối đã bị cắt.",
        "A kept checkpoint has {size} events, but the log has only {found}: its end was cut off.",
    ),
    "signature": (
        "Điểm kiểm {size} sự kiện: chữ ký sai.",
        "Checkpoint of size {size}: its signature is wrong.",
    ),
    "foreign_key": (
        "Điểm kiểm {size} sự kiện: ký bằng khóa không rõ của ai.",
        "Checkpoint of size {size}: it was signed with a key that is not known.",
    ),
    "checkpoint_gap": (
        "Điểm kiểm {size} sự kiện: không nối tiếp điểm kiểm trước; có điểm kiểm bị xóa hoặc bị thay.",
        "Checkpoint of size {size}: it does not follow the one before it; one was deleted or replaced.",
    ),
    "anchor_signature": (
        "Điểm kiểm {size} sự kiện được giữ ở nơi khác: chữ ký sai; hãy dùng đúng tệp đã giữ.",
        "The kept checkpoint (size {size}) has a wrong signature; use the file that was kept.",
    ),
    "uncovered": (
        "Sổ chung có {size} sự kiện nhưng điểm kiểm cuối chỉ ký {covered}: điểm kiểm cuối đã bị xóa.",
        "The log has {size} events, but the last checkpoint covers {covered}: the last one was deleted.",
    ),
    "head": (
        "Hồ sơ {inst}: có {expected} sự kiện theo hồ sơ, nhưng chuỗi kết thúc ở sự kiện {n} hoặc khác đi.",
        "Instance {inst}: its row tells of {expected} events, but its chain ends at event {n}, or differs.",
    ),
    "orphan": (
        "Hồ sơ {inst}: có {n} sự kiện nhưng hồ sơ không còn.",
        "Instance {inst}: there are {n} events, but the instance is gone.",
    ),
    "erasure": (
        "Hồ sơ {inst}, sự kiện {n}: giá trị {path} đã bị xóa mà lịch sử không ghi việc xóa.",
        "Instance {inst}, event {n}: value {path} was erased, but no erasure is recorded.",
    ),
    "format": (
        "Tệp không phải bản xuất lịch sử mà chương trình này hiểu: {found}.",
        "The file is no export of a history that this program understands: {found}.",
    ),
    "unreadable": ("Một dòng không đọc được: {error}", "A line cannot be read: {error}"),
    "cut": (
        "Bản xuất không trọn vẹn: thiếu phần cuối hoặc số sự kiện không khớp.",
        "The export is not whole: its end is missing or the number of events differs.",
    ),
    "own_key": (
        "Chữ ký được kiểm bằng khóa trong chính bản xuất; hãy giữ một điểm kiểm ở nơi khác, dùng --anchor.",
        "Signatures were checked with the export's own key; keep a checkpoint elsewhere and use --anchor.",
    ),
    "no_anchor": (
        "Không có điểm kiểm giữ ở nơi khác: không thể thấy phần cuối bị cắt cùng với các điểm kiểm của nó.",
        "No checkpoint from elsewhere: an end that was cut off together with its checkpoints cannot be seen.",
    ),
    "not_yet": (
        "{count} sự kiện mới nhất chưa thuộc điểm kiểm nào.",
        "The newest {count} events are not under a checkpoint yet.",
    ),
}
