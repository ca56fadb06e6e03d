"""The pages of the web application, and the views of those that are live; a new one adds a line."""

from flask import Blueprint

from dashboards.admin import quarantine, sources
from dashboards.alerts import views as alerts
from dashboards.alerts.live import alerts_view, incident_view
from dashboards.beds import views as beds
from dashboards.beds.live import beds_view, ward_view
from dashboards.centre import views as centre
from dashboards.centre.live import centre_view
from dashboards.definitions import views as definitions
from dashboards.devices import views as devices
from dashboards.devices.live import device_view, devices_view
from dashboards.figures import views as figures
from dashboards.history import views as history
from dashboards.home import views as home
from dashboards.home.live import home_view
from dashboards.hospital import views as hospital
from dashboards.hospital.live import hospital_view
from dashboards.inventory import upload as inventory  # the pages and the import of lists
from dashboards.inventory.live import asset_view, it_view
from dashboards.live.views import VIEWS
from dashboards.province import views as province
from dashboards.province.live import province_view
from dashboards.quality import views as quality
from dashboards.reports import views as reports
from dashboards.states import views as states

PAGES: tuple[Blueprint, ...] = (
    home.bp,
    centre.bp,
    hospital.bp,
    province.bp,
    alerts.bp,
    devices.bp,
    beds.bp,
    inventory.bp,
    quality.bp,
    history.bp,
    reports.bp,
    definitions.bp,
    sources.bp,
    quarantine.bp,
    states.bp,
    figures.bp,
)

VIEWS.update(
    home=home_view,
    hospital=hospital_view,
    province=province_view,
    centre=centre_view,
    alerts=alerts_view,
    incident=incident_view,
    devices=devices_view,
    device=device_view,
    beds=beds_view,
    ward=ward_view,
    it=it_view,
    asset=asset_view,
    sources=sources.sources_view,
)
