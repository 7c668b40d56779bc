/** Names of BPMN elements, as the menus and the panel's header say them (letter case and hyphens do not matter). */

const EVENTS = {
  'start event': 'Sự kiện bắt đầu',
  'intermediate catch event': 'Sự kiện trung gian chờ',
  'intermediate throw event': 'Sự kiện trung gian phát',
  'boundary event': 'Sự kiện biên',
  'end event': 'Sự kiện kết thúc',
};

const TRIGGERS = {
  message: 'thông điệp',
  timer: 'hẹn giờ',
  conditional: 'điều kiện',
  condition: 'điều kiện',
  signal: 'tín hiệu',
  error: 'lỗi',
  escalation: 'báo cấp trên',
  compensation: 'bồi hoàn',
  compensate: 'bồi hoàn',
  link: 'liên kết',
  terminate: 'dừng toàn bộ',
  cancel: 'huỷ giao dịch',
};

function nameEvents() {
  const names = {};
  for (const [event, eventName] of Object.entries(EVENTS)) {
    names[event] = eventName;
    names[`${event} (non interrupting)`] = `${eventName} (không ngắt)`;
    for (const [trigger, triggerName] of Object.entries(TRIGGERS)) {
      names[`${trigger} ${event}`] = `${eventName}: ${triggerName}`;
      names[`${trigger} ${event} (non interrupting)`] = `${eventName}: ${triggerName} (không ngắt)`;
    }
  }
  return names;
}

export const elements = {
  ...nameEvents(),

  Task: 'Công việc',
  'User task': 'Công việc người dùng',
  'Service task': 'Công việc tự động',
  'Send task': 'Công việc gửi thông điệp',
  'Receive task': 'Công việc chờ thông điệp',
  'Manual task': 'Công việc làm ngoài hệ thống',
  'Script task': 'Công việc tính toán (FEEL)',
  'Business rule task': 'Công việc theo bảng quyết định',
  'Call activity': 'Gọi quy trình khác',
  'Sub-process': 'Quy trình con',
  'Sub-process (collapsed)': 'Quy trình con (thu gọn)',
  'Sub-process (expanded)': 'Quy trình con (mở)',
  'Event sub-process': 'Quy trình con theo sự kiện',
  'Event sub-process (collapsed)': 'Quy trình con theo sự kiện (thu gọn)',
  'Event sub-process (expanded)': 'Quy trình con theo sự kiện (mở)',
  'Ad-hoc sub-process': 'Quy trình con tuỳ chọn',
  'Ad-hoc sub-process (collapsed)': 'Quy trình con tuỳ chọn (thu gọn)',
  'Ad-hoc sub-process (expanded)': 'Quy trình con tuỳ chọn (mở)',
  Transaction: 'Giao dịch',
  'Transaction (collapsed)': 'Giao dịch (thu gọn)',
  'Transaction (expanded)': 'Giao dịch (mở)',

  'Exclusive gateway': 'Cổng chọn một',
  'Parallel gateway': 'Cổng song song',
  'Inclusive gateway': 'Cổng chọn một hoặc nhiều',
  'Complex gateway': 'Cổng phức hợp',
  'Event-based gateway': 'Cổng chờ sự kiện',
  'Event based instantiating gateway': 'Cổng chờ sự kiện khởi tạo',
  'Parallel event based instantiating gateway': 'Cổng chờ sự kiện khởi tạo song song',

  'Sequence flow': 'Luồng',
  'Default flow': 'Luồng mặc định',
  'Conditional flow': 'Luồng có điều kiện',
  'Message flow': 'Luồng thông điệp',
  Association: 'Đường liên hệ',
  'Data input association': 'Liên hệ dữ liệu vào',
  'Data output association': 'Liên hệ dữ liệu ra',

  Process: 'Quy trình',
  Collaboration: 'Sơ đồ phối hợp',
  Participant: 'Đơn vị tham gia',
  'Pool/participant': 'Đơn vị tham gia',
  'Empty pool/participant': 'Đơn vị tham gia (để trống)',
  'Empty pool/participant (removes content)': 'Đơn vị tham gia (để trống, xoá nội dung)',
  'Expanded pool/participant': 'Đơn vị tham gia (có nội dung)',
  Lane: 'Làn',
  Group: 'Nhóm',
  'Text annotation': 'Ghi chú',
  'Data object': 'Tài liệu',
  'Data object reference': 'Tài liệu',
  'Data store reference': 'Kho dữ liệu',

  Start: 'Bắt đầu',
  End: 'Kết thúc',
  Loop: 'Lặp',
  'Parallel multi-instance': 'Nhiều lượt song song',
  'Sequential multi-instance': 'Nhiều lượt lần lượt',
  Collection: 'Tập hợp',
  'Participant multiplicity': 'Nhiều đơn vị cùng vai trò',
  'Toggle non-interrupting': 'Đổi ngắt / không ngắt',
};
