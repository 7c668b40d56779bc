/** Texts of this designer. */
export const own = {
  // groups and entries of the panel
  'Rules of the organisation': 'Quy định của cơ quan',
  'Subject shown in task lists': 'Nội dung hiện ở danh sách việc',
  'For example: ="Proposal of " + office': 'Ví dụ: ="Đề nghị của " + office',
  'Source of the form’s data': 'Nguồn dữ liệu của biểu mẫu',
  'Due in (working days)': 'Hạn xử lý (ngày làm việc)',
  'Working days counted from': 'Tính ngày làm việc từ',
  'A date that is not counted itself; when left out, the day the task begins.':
    'Một ngày, không tính ngày đó; bỏ trống là ngày giao việc.',
  'Working calendar': 'Lịch làm việc',
  'Code of a unit with hours and days of its own; when left out, the common one.':
    'Mã đơn vị có giờ và ngày làm việc riêng; bỏ trống là lịch chung.',
  'Remind before it is due (working days)': 'Nhắc trước hạn (ngày làm việc)',
  'For example: 2,1': 'Ví dụ: 2,1',
  'Remind after it was due (working days)': 'Nhắc sau hạn (ngày làm việc)',
  'Remind while nobody has taken it (working days)': 'Nhắc khi chưa ai nhận (ngày làm việc)',
  'Escalate after it was due (working days)': 'Báo cáo vượt cấp sau hạn (ngày làm việc)',
  'One number per level, for example: 1,3': 'Mỗi cấp một số, ví dụ: 1,3',
  'Escalate to (groups)': 'Báo cáo lên (nhóm)',
  'One group per level; the last one repeats.': 'Mỗi cấp một nhóm; nhóm cuối dùng lặp lại.',
  'Secret: what is typed reaches the completing listener only':
    'Kín: nội dung gửi chỉ đến chương trình nhận (completing listener)',
  'Never history, variables or logs; for example a secret ballot.':
    'Không ghi vào lịch sử, biến hay nhật ký; ví dụ phiếu bầu kín.',
  'Must not be done by whoever did an earlier step': 'Người làm phải khác người đã làm bước trước đó của hồ sơ',
  'The server does not know this id.': 'Máy chủ chưa có mã này.',
  'The server does not know this form.': 'Máy chủ chưa có biểu mẫu này.',
  'No handler of this server; an outside worker must serve it.':
    'Máy chủ không có trình xử lý này; phải có hệ thống ngoài nhận việc.',
  'Message to send': 'Thông điệp gửi đi',
  'At most (times)': 'Nhiều nhất (lần)',
  'Test before the first run': 'Xét điều kiện trước lượt đầu',
  'Repeat while': 'Lặp khi',
  'Activation condition': 'Điều kiện kích hoạt',
  'Go on when': 'Đi tiếp khi',

  // findings
  Error: 'Lỗi',
  Warning: 'Cảnh báo',
  Hint: 'Gợi ý',
  'line {line}': 'dòng {line}',
  '(line {line})': '(dòng {line})',
  'No findings': 'Không có gì phải sửa',
  '{errors} errors, {others} other findings': '{errors} lỗi, {others} nhắc nhở khác',
  '“{value}” is stored as plain text, but a variable has this name.':
    '“{value}” được lưu là chữ cố định, nhưng có biến trùng tên này.',
  'To use a value of the process, write “={value}”.': 'Muốn lấy giá trị của quy trình, hãy viết “={value}”.',
  '“{value}” is not a date and time with a time zone (2026-10-16T00:00:00+07:00).':
    '“{value}” không phải ngày giờ có múi giờ (2026-10-16T00:00:00+07:00).',
  'The variable “{target}” gets the plain text “{value}”.': 'Biến “{target}” nhận chữ cố định “{value}”.',
  'An extension property has no name.': 'Có thuộc tính mở rộng chưa đặt tên.',
  'Give it a name or delete it.': 'Hãy đặt tên hoặc xoá nó.',

  // what saving would lose
  'The element <{name}> is unknown to the editor and would be dropped':
    'Phần tử <{name}> trình soạn thảo không biết, sẽ bị mất',
  'The element <{name}> of “{id}” would be dropped': 'Phần tử <{name}> của “{id}” sẽ bị mất',
  'An element <{name}> would be dropped': 'Một phần tử <{name}> sẽ bị mất',
  'The reference to “{name}” points to nothing and would be dropped':
    'Tham chiếu tới “{name}” không có đích, sẽ bị mất',
  'The shape <{name}> belongs to no element and would be dropped':
    'Hình vẽ <{name}> không thuộc phần tử nào, sẽ bị mất',
  'The id “{name}” stands on two elements': 'Mã “{name}” được dùng cho hai phần tử',
  'The reader reports: {message}': 'Khi đọc tệp: {message}',
  'Saving is blocked, because it would lose parts of the file:': 'Không cho lưu, vì lưu sẽ làm mất những phần sau của tệp:',
  'Correct these places in the file with a text editor and open it again.':
    'Hãy sửa những chỗ này trong tệp bằng trình soạn văn bản rồi mở lại.',
  'The diagram could not be opened.': 'Không mở được sơ đồ.',

  // status line
  Opened: 'Đã mở sơ đồ',
  'Opened. {count} XML comments of the file will not be kept when you save.':
    'Đã mở sơ đồ. {count} chú thích XML trong tệp sẽ không còn khi lưu.',
  'Saving…': 'Đang lưu…',
  'Draft saved (version {version})': 'Đã lưu bản nháp (phiên bản {version})',
  'Deploying…': 'Đang triển khai…',
  'Deployed as version {version}': 'Đã triển khai phiên bản {version}',
  'Checking…': 'Đang kiểm tra…',
  Checked: 'Đã kiểm tra',
  'Not saved: saving would lose parts of the file, see the list above the diagram.':
    'Chưa lưu: lưu sẽ làm mất một phần của tệp, xem danh sách phía trên sơ đồ.',
  'The server cannot be reached. Nothing was lost; try again.':
    'Không kết nối được máy chủ. Nội dung vẫn còn trên trang; hãy thử lại.',
  'You are signed out. Sign in again in another tab, then come back and repeat this.':
    'Phiên đăng nhập đã hết. Hãy đăng nhập lại ở thẻ khác, rồi quay lại đây làm tiếp.',
  'You may not do this, or the page is too old. Sign in again in another tab, then repeat this.':
    'Không có quyền làm việc này, hoặc trang đã quá cũ. Hãy đăng nhập lại ở thẻ khác rồi làm tiếp.',
  'The server no longer has this diagram.': 'Máy chủ không còn sơ đồ này.',
  'Someone else saved a newer version meanwhile. Download your diagram, reload the page and merge the changes.':
    'Người khác vừa lưu bản mới hơn. Hãy tải sơ đồ của mình về, tải lại trang rồi ghép thay đổi.',
  'The diagram is too large.': 'Sơ đồ quá lớn.',
  'The server answered with an error ({status}).': 'Máy chủ báo lỗi ({status}).',
};
