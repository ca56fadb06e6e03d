"""Pages as exporters serve them, cut to what matters."""

NODE = """\
# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.
# TYPE node_cpu_seconds_total counter
node_cpu_seconds_total{cpu="0",mode="idle"} 1000
node_cpu_seconds_total{cpu="0",mode="iowait"} 20
node_cpu_seconds_total{cpu="0",mode="user"} 480
node_cpu_seconds_total{cpu="1",mode="idle"} 900
node_cpu_seconds_total{cpu="1",mode="iowait"} 0
node_cpu_seconds_total{cpu="1",mode="user"} 600
node_filesystem_avail_bytes{device="/dev/vda",fstype="ext4",mountpoint="/"} 30
node_filesystem_avail_bytes{device="/dev/vdb",fstype="xfs",mountpoint="/var/lib"} 100
node_filesystem_avail_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"} 5
node_filesystem_free_bytes{device="/dev/vda",fstype="ext4",mountpoint="/"} 40
node_filesystem_free_bytes{device="/dev/vdb",fstype="xfs",mountpoint="/var/lib"} 100
node_filesystem_free_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"} 5
node_filesystem_size_bytes{device="/dev/vda",fstype="ext4",mountpoint="/"} 100
node_filesystem_size_bytes{device="/dev/vdb",fstype="xfs",mountpoint="/var/lib"} 400
node_filesystem_size_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"} 5
node_hwmon_temp_celsius{chip="a",sensor="temp1"} 41
node_hwmon_temp_celsius{chip="a",sensor="temp2"} 55.5
node_load1 1.5
node_memory_MemAvailable_bytes 2.5e+08
node_memory_MemTotal_bytes 1e+09
node_memory_SwapFree_bytes 0
node_memory_SwapTotal_bytes 0
node_network_receive_bytes_total{device="eth0"} 10000
node_network_receive_bytes_total{device="lo"} 777
node_network_transmit_bytes_total{device="eth0"} 2000
node_network_transmit_bytes_total{device="lo"} 777
node_boot_time_seconds 1.8e+09
node_time_seconds 1.8000036e+09
node_timex_offset_seconds -0.002
node_timex_sync_status 1
"""

NODE_LATER = (
    NODE.replace('cpu="0",mode="idle"} 1000', 'cpu="0",mode="idle"} 1005')
    .replace('cpu="0",mode="user"} 480', 'cpu="0",mode="user"} 485')
    .replace('cpu="1",mode="user"} 600', 'cpu="1",mode="user"} 610')
    .replace('receive_bytes_total{device="eth0"} 10000', 'receive_bytes_total{device="eth0"} 15000')
)

WINDOWS = """\
windows_cpu_time_total{core="0,0",mode="idle"} 300
windows_cpu_time_total{core="0,0",mode="user"} 100
windows_logical_disk_free_bytes{volume="C:"} 25
windows_logical_disk_free_bytes{volume="HarddiskVolume1"} 1
windows_logical_disk_size_bytes{volume="C:"} 100
windows_logical_disk_size_bytes{volume="HarddiskVolume1"} 2
windows_memory_available_bytes 4e+09
windows_memory_physical_total_bytes 1.6e+10
windows_system_boot_time_timestamp 1.79999e+09
windows_time_computed_time_offset_seconds -0.5
"""

WINDOWS_OLD = """\
windows_os_physical_memory_free_bytes 8e+09
windows_cs_physical_memory_bytes 1.6e+10
windows_os_paging_free_bytes 3
windows_os_paging_limit_bytes 4
windows_system_system_up_time 1.7999e+09
"""

NUT = """\
network_ups_tools_battery_charge{ups="eaton-1"} 88
network_ups_tools_battery_charge{ups="eaton-2"} 12
network_ups_tools_battery_runtime{ups="eaton-1"} 1800
network_ups_tools_battery_runtime{ups="eaton-2"} 60
network_ups_tools_input_voltage{ups="eaton-1"} 229.5
network_ups_tools_ups_load{ups="eaton-1"} 34
network_ups_tools_ups_status{flag="LB",ups="eaton-1"} 0
network_ups_tools_ups_status{flag="OB",ups="eaton-1"} 0
network_ups_tools_ups_status{flag="OL",ups="eaton-1"} 1
network_ups_tools_ups_status{flag="LB",ups="eaton-2"} 1
network_ups_tools_ups_status{flag="OB",ups="eaton-2"} 1
"""

NUT_OTHER = """\
# TYPE nut_ups_status stateset
nut_ups_status{ups="ups",status="OL"} 0
nut_ups_status{ups="ups",status="OB"} 1
nut_load{ups="ups"} 0.12
nut_battery_charge{ups="ups"} 0.5
nut_battery_runtime_seconds{ups="ups"} 7200
nut_input_voltage_volts{ups="ups"} 237
# EOF
"""

POSTGRES = """\
pg_up 1
pg_stat_activity_count{datname="his",state="active"} 30
pg_stat_activity_count{datname="his",state="idle"} 10
pg_stat_activity_count{datname="lis",state="idle"} 10
pg_settings_max_connections{server="x:5432"} 200
pg_database_size_bytes{datname="his"} 5e+09
pg_database_size_bytes{datname="lis"} 1e+09
pg_replication_is_replica 0
pg_replication_lag_seconds 0
pg_stat_activity_max_tx_duration{datname="his",state="active"} 12
pg_stat_activity_max_tx_duration{datname="his",state="idle in transaction"} 70
"""

PRINTER = """\
prtMarkerSuppliesLevel{hrDeviceIndex="1",prtMarkerSuppliesIndex="1"} 300
prtMarkerSuppliesLevel{hrDeviceIndex="1",prtMarkerSuppliesIndex="2"} 10
prtMarkerSuppliesLevel{hrDeviceIndex="1",prtMarkerSuppliesIndex="3"} -3
prtMarkerSuppliesMaxCapacity{hrDeviceIndex="1",prtMarkerSuppliesIndex="1"} 1000
prtMarkerSuppliesMaxCapacity{hrDeviceIndex="1",prtMarkerSuppliesIndex="2"} 20
prtMarkerSuppliesMaxCapacity{hrDeviceIndex="1",prtMarkerSuppliesIndex="3"} 100
prtMarkerLifeCount{hrDeviceIndex="1",prtMarkerIndex="1"} 15012
"""
