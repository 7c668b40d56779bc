"""The words of dossiers: ratings, reaches of an initiative, figures that statutory standards ask for."""

from __future__ import annotations

from engine.errors import Text

RATINGS = {
    "excellent": Text("Hoàn thành xuất sắc nhiệm vụ", "Excellent"),
    "good": Text("Hoàn thành tốt nhiệm vụ", "Good"),
    "completed": Text("Hoàn thành nhiệm vụ", "Completed"),
    "not_completed": Text("Không hoàn thành nhiệm vụ", "Not completed"),
}
SCOPES = {
    "unit": Text("Trong đơn vị cơ sở", "Within the unit"),
    "province": Text("Trong tỉnh, thành phố", "Within the province"),
    "nation": Text("Trong toàn quốc", "Nation-wide"),
}
# Figures a statutory standard asks for, by kind of subject; they stand with the answers of a nomination.
FIGURES = {
    "collective": {
        "advanced_share": Text("Tỷ lệ cá nhân đạt Lao động tiên tiến (%)", "Advanced workers (%)"),
        "disciplined_members": Text(
            "Số cá nhân bị kỷ luật từ cảnh cáo trở lên", "Members disciplined by warning or above"
        ),
        "completed_share": Text("Tỷ lệ cá nhân hoàn thành nhiệm vụ (%)", "Members who completed tasks (%)"),
        "fighters": Text("Số Chiến sĩ thi đua cơ sở", "Grassroots emulation fighters"),
        "leads_cluster": Text("Dẫn đầu cụm, khối (1: có, 0: không)", "Leads its cluster (1: yes, 0: no)"),
    },
    "individual": {
        "service_years": Text("Số năm công tác trong ngành", "Years of service in the sector"),
    },
}
